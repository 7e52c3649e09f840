import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import {
  expectedLog,
  modernDatabases,
  UNREADABLE_LOG,
  unpackModernDatabase,
  unpackModernLog,
} from '../../../test/support/modern/modern-corpus.ts';
import { logFileName } from '../log-files.ts';
import { LogFileSet } from '../log-source.ts';
import { findLogBase, readLogOutlook } from './log-outlook.ts';

let root: string;
let directory: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(root));

async function unpack(name: (typeof modernDatabases)[number]): Promise<void> {
  directory = join(await unpackModernDatabase(name, root), 'data', 'transactions', 'neo4j');
}

async function look() {
  const files = new LogFileSet(directory);
  try {
    return await readLogOutlook(files, directory);
  } finally {
    files.close();
  }
}

/** Without check points, as a server of 4.2 to 5.9 leaves it for the first minutes. */
function removeCheckPoints(): void {
  for (const name of readdirSync(directory)) if (name.startsWith('checkpoint.')) rmSync(join(directory, name));
}

describe('readLogOutlook', () => {
  it.each(modernDatabases)('%s: tells what follows the last check point', async (name) => {
    await unpack(name);
    const { checkpoints, transactions, end } = expectedLog(name, 'databases');
    const [version, offset] = checkpoints.at(-1)!.position;
    const after = transactions.filter(
      ({ start }) => start[0] > version || (start[0] === version && start[1] >= offset),
    );
    const outlook = await look();
    const files = new LogFileSet(directory);
    const { checkPoint, from } = findLogBase(files, directory);
    files.close();
    expect({ checkPoint, from }).toEqual({ checkPoint: outlook.checkPoint, from: outlook.from });
    expect(outlook).toMatchObject({
      checkPoint: { reason: checkpoints.at(-1)!.reason },
      from: { version, offset },
      transactions: after.length,
      tail: { state: 'end', end: { version: end[0], offset: end[1] } },
    });
    expect(outlook.last?.id).toBe(after.at(-1)?.id);
    expect(after.length === 0).toBe(name.endsWith('-clean'));
  });

  it('a half written transaction is the end', async () => {
    await unpack('5.26.30-fuzzy');
    const [version, offset] = expectedLog('5.26.30-fuzzy', 'databases').end;
    truncateSync(join(directory, logFileName(version)), offset - 5);
    const { last, tail } = await look();
    expect(tail).toMatchObject({ state: 'unfinished', last: { id: 151 } });
    expect(last?.end).toEqual(tail.end);
  });

  it('without a check point the whole log counts, which begins with file 0', async () => {
    await unpack('5.26.30-fuzzy');
    removeCheckPoints();
    expect(await look()).toMatchObject({
      checkPoint: undefined,
      from: { version: 0, offset: 128 },
      transactions: 151,
      last: { id: 152 },
    });
    writeFileSync(join(directory, 'checkpoint.0'), '');
    expect(await look()).toMatchObject({ checkPoint: undefined, transactions: 151 });
  });

  it('without a check point a log that begins later is not enough', async () => {
    await unpack('4.4.48-fuzzy');
    removeCheckPoints();
    await expect(look()).rejects.toMatchObject({ code: 'log.no-check-point', observed: 'the lowest is 2' });
    for (const name of readdirSync(directory)) rmSync(join(directory, name));
    await expect(look()).rejects.toMatchObject({ code: 'log.no-check-point', observed: 'no log files' });
  });

  it('a log of 4.1 is refused by name, not for a check point that it has', async () => {
    directory = await unpackModernLog(UNREADABLE_LOG, root);
    const refused = { code: 'store.format', message: expect.stringContaining('4.0 or 4.1') };
    await expect(look()).rejects.toMatchObject(refused);
    rmSync(join(directory, logFileName(0)));
    await expect(look()).rejects.toMatchObject(refused);
  });

  it('a log that does not reach to its check point is a gap', async () => {
    await unpack('4.4.48-fuzzy');
    rmSync(join(directory, logFileName(2)));
    await expect(look()).rejects.toMatchObject({ code: 'log.gap', observed: 'files 3 to 4' });
    for (const version of [3, 4]) rmSync(join(directory, logFileName(version)));
    await expect(look()).rejects.toMatchObject({ code: 'log.gap', observed: 'no log files' });
  });

  it('a log that ends before its check point is a gap', async () => {
    await unpack('4.4.48-fuzzy');
    for (const version of [3, 4]) rmSync(join(directory, logFileName(version)));
    const path = join(directory, logFileName(2));
    writeFileSync(path, readFileSync(path).subarray(0, 73_000));
    await expect(look()).rejects.toMatchObject({ code: 'log.gap', message: expect.stringContaining('ends before') });
  });
});
