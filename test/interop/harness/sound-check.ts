import { expect } from 'vitest';
import { checkConsistency } from './admin.ts';
import type { Version } from './releases.ts';

/** An index left to the server is not online yet: the only thing that the checker may report about a backup. */
const NOT_ONLINE =
  /^WARN : The schema rule contained in the DynamicRecord chain has a reference to a schema rule that is not online\.$/;

/**
 * The real checker and ours must have no objections to a backup. `complete`: every index of the backup can be kept up to date, so the
 * checker must report nothing at all.
 */
export async function expectSoundCheck(version: Version, backup: string, complete: boolean): Promise<void> {
  const { report } = await checkConsistency(version, backup);
  const findings = report.split('\n').filter((line) => /^(ERROR|WARN )/.test(line));
  expect(findings.filter((line) => !NOT_ONLINE.test(line))).toEqual([]);
  if (complete) expect(report).toBe('');
}
