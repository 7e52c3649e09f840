import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { createFinding } from '../findings/finding.ts';
import { FindingTally } from '../findings/finding-tally.ts';
import { ReportFile } from './report-file.ts';

let root: string;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(root));

const startedAt = new Date(2026, 10, 2, 9, 4, 5);
const name = 'inconsistencies-2026-11-02.09.04.05.report';

function makeDirectory(path: string): string {
  mkdirSync(join(root, path));
  return join(root, path);
}

const node = 'Node[346,used=true,group=1,prop=346,labels=Inline(0x1000000009:[9]),light]';
const group1 = 'RelationshipGroup[1,type=0,out=47,in=-1,loop=102,prev=-1,next=21,used=true,owner=306]';
const group21 = 'RelationshipGroup[21,type=1,out=-1,in=85,loop=-1,prev=-1,next=41,used=true,owner=346]';
const nodes = 'neostore.nodestore.db';
const groups = 'neostore.relationshipgroupstore.db';

/** The findings of corruption `grp-07`, in the order of the real report. */
const grp07 = [
  createFinding('node.relationshipGroupHasOtherOwner', { file: nodes, text: node, inconsistentWith: [group1] }),
  createFinding('group.nextHasOtherOwner', { file: groups, text: group1, inconsistentWith: [group21] }),
  createFinding('group.ownerNotInUse', { file: groups, text: group1 }),
];

describe('the report file', () => {
  it('the report file is that of the real checker, byte for byte', () => {
    const directory = makeDirectory('real');
    const report = ReportFile.prepare(directory, startedAt);
    const tally = new FindingTally(report.add);
    for (const finding of grp07) tally.report(finding);
    report.finish(tally);
    expect(report.path).toBe(join(directory, name));
    expect(readFileSync(join(directory, name), 'utf8')).toBe(
      [
        'ERROR: The first relationship group record has another node set as owner.',
        `\t${node}`,
        `\tInconsistent with: ${group1}`,
        'ERROR: Next chained relationship group has another owner.',
        `\t${group1}`,
        `\tInconsistent with: ${group21}`,
        'ERROR: The owner of the relationship group is not in use.',
        `\t${group1}`,
        'WARN : Inconsistencies found: ConsistencySummaryStatistics{',
        '\tNumber of errors: 3',
        '\tNumber of warnings: 0',
        '\tNumber of inconsistent NODE records: 1',
        '\tNumber of inconsistent RELATIONSHIP_GROUP records: 2',
        '}',
        '',
      ].join('\n'),
    );
  });

  it('the report file has no summary if there are only warnings', () => {
    const directory = makeDirectory('warnings');
    const report = ReportFile.prepare(directory, startedAt);
    const tally = new FindingTally(report.add);
    tally.report(createFinding('labelScan.dirtyIndex', { file: 'neostore.labelscanstore.db', text: '' }));
    report.finish(tally);
    expect(readFileSync(join(directory, name), 'utf8')).toBe(
      'WARN : Label index was not properly shutdown and rebuild is required.\n',
    );
  });

  it('the report file is not made if there is nothing to report', () => {
    const directory = makeDirectory('nothing');
    const report = ReportFile.prepare(directory, startedAt);
    report.finish(new FindingTally());
    expect(report.path).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('the report file never replaces another file', () => {
    const directory = makeDirectory('second');
    writeFileSync(join(directory, name), 'of another check');
    const report = ReportFile.prepare(directory, startedAt);
    report.add(grp07[2]!);
    report.close();
    expect(report.path).toBe(join(directory, name.replace('.report', '-2.report')));
    expect(readFileSync(join(directory, name), 'utf8')).toBe('of another check');
  });

  it('the report file keeps what was found before a check ended early, however much', () => {
    const directory = makeDirectory('early');
    const report = ReportFile.prepare(directory, startedAt);
    for (let i = 0; i < 5000; i++) report.add(grp07[0]!);
    report.close();
    const lines = readFileSync(report.path!, 'utf8').split('\n');
    expect(lines.filter((line) => line.startsWith('ERROR: ')).length).toBe(5000);
  });

  it('the report file ends after 10,000 findings, counts the rest by kind, and continues to count', () => {
    const report = ReportFile.prepare(makeDirectory('many'), startedAt);
    const tally = new FindingTally(report.add);
    for (let i = 0; i < 4000; i++) for (const finding of grp07) tally.report(finding);
    tally.report(createFinding('labelScan.dirtyIndex', { file: 'neostore.labelscanstore.db', text: '' }));
    report.finish(tally);
    const text = readFileSync(report.path!, 'utf8');
    expect(text.match(/^ERROR: /gm)).toHaveLength(10_000);
    const end = [
      'WARN : The report has an end; these findings are not shown:',
      '\t667 x error group.nextHasOtherOwner',
      '\t667 x error group.ownerNotInUse',
      '\t666 x error node.relationshipGroupHasOtherOwner',
      '\t1 x warning labelScan.dirtyIndex',
      'WARN : Inconsistencies found: ConsistencySummaryStatistics{',
      '\tNumber of errors: 12000',
    ];
    expect(text).toContain(`\n${end.join('\n')}\n`);
  });

  it('the report file ends after 10 MB', () => {
    const report = ReportFile.prepare(makeDirectory('long'), startedAt);
    const text = 'x'.repeat(150);
    const inconsistentWith = Array.from({ length: 30 }, () => text);
    for (let i = 0; i < 9000; i++) {
      report.add(createFinding('group.ownerNotInUse', { file: groups, text, inconsistentWith }));
    }
    report.finish({ errors: 9000, warnings: 0, errorsByType: new Map() });
    const size = statSync(report.path!).size;
    expect(size).toBeLessThan(10_001_000);
    expect(readFileSync(report.path!, 'utf8')).toMatch(/\t\d+ x error group\.ownerNotInUse\n/);
  });

  it('a report file that becomes unwritable does not stop the check', () => {
    const directory = makeDirectory('gone');
    const report = ReportFile.prepare(directory, startedAt);
    rmSync(directory, { recursive: true });
    for (const finding of grp07) report.add(finding);
    report.finish({ errors: 3, warnings: 0, errorsByType: new Map() });
    expect(report.path).toBeUndefined();
    expect(report.failure).toMatchObject({ code: 'file.io' });
  });

  it('a report file is refused at once where it cannot be written', () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(() => ReportFile.prepare(file, startedAt)).toThrow(`Directory '${file}' does not exist.`);
    expect(() => ReportFile.prepare(join(file, 'below'), startedAt)).toThrow('does not exist');
    expect(() => ReportFile.prepare(join(root, 'missing'), startedAt)).toThrow('does not exist');
    expect(() => ReportFile.prepare('/proc/self', startedAt)).toThrow('cannot write a report into the directory');
  });
});
