import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { listLogFiles, logFileName } from '../../../src/log/log-files.ts';
import { type GrowingDatabase, logsOf } from './growing-database.ts';

/** The restored log is the beginning of the genuine one, and ends where the transaction ends. */
export function expectCut(restored: string, { whole, transactions }: GrowingDatabase, transaction: number): void {
  const [version, offset] = transactions.find(({ id }) => id === transaction)!.end;
  const { files, highest } = listLogFiles(logsOf(restored));
  expect(highest).toBe(version);
  for (const file of files) {
    const bytes = readFileSync(join(logsOf(restored), logFileName(file.version)));
    const genuine = readFileSync(join(whole, logFileName(file.version)));
    expect(bytes.equals(genuine.subarray(0, bytes.length)), logFileName(file.version)).toBe(true);
    if (file.version === version) expect(bytes.length).toBe(offset);
  }
}
