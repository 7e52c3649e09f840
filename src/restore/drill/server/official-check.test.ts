import { expect, it } from 'vitest';
import { readReport } from './official-check.ts';

/** As 5.26.30 wrote it. */
const REPORT = [
  '2026-12-01 00:11:32.626+0000 ERROR Index inconsistency: Keys in tree node 5 are out of order.',
  '\tIndex will be excluded from further consistency checks. Index file: index-3.',
  '2026-12-01 00:11:32.640+0000 ERROR Index inconsistency: Keys in tree node 5 are out of order.',
  '\tIndex will be excluded from further consistency checks. Index file: index-7.',
  '2026-12-01 00:11:33.544+0000 WARN  Inconsistencies found: ConsistencySummaryStatistics {',
  '\tNumber of errors: 2',
  '\tNumber of warnings: 0',
  '\tNumber of inconsistent INDEX records: 2',
  '}',
  '',
].join('\n');

it('entries of a report are findings, its summary is none', () => {
  const { findings, ...verdict } = readReport(REPORT, 10);
  expect(verdict).toEqual({ consistent: false, errors: 2, warnings: 0 });
  expect(findings).toHaveLength(2);
  expect(findings[0]).toEqual({
    severity: 'error',
    text: 'Index inconsistency: Keys in tree node 5 are out of order.\n\tIndex will be excluded from further consistency checks. Index file: index-3.',
  });
});

it('only some findings are told, and all are counted', () => {
  const { findings, errors } = readReport(REPORT.replace('errors: 2', 'errors: 500'), 1);
  expect([findings.length, errors]).toEqual([1, 500]);
});

it('warnings alone leave a database consistent, and so does no report', () => {
  const warned = readReport('2026-12-01 00:11:32.626+0000 WARN  Something is untidy.\n', 10);
  expect(warned).toMatchObject({ consistent: true, errors: 0, warnings: 1 });
  expect(readReport('', 10)).toEqual({ consistent: true, errors: 0, warnings: 0, findings: [] });
});
