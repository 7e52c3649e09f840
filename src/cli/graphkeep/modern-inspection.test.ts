import { readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../../test/support/corpus/unpack-corpus.ts';
import {
  expectedLog,
  modernDatabases,
  UNREADABLE_LOG,
  unpackModernDatabase,
  unpackModernLog,
} from '../../../test/support/modern/modern-corpus.ts';
import { logFileName } from '../../log/log-files.ts';
import { describeInspection } from './inspect-body.ts';
import { inspectStore } from './inspection.ts';

let root: string;
let store: string;
let logs: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(root));

async function unpack(name: (typeof modernDatabases)[number]): Promise<void> {
  const home = await unpackModernDatabase(name, root);
  store = join(home, 'data', 'databases', 'neo4j');
  logs = join(home, 'data', 'transactions', 'neo4j');
}

const textOf = async () => describeInspection(await inspectStore(store)).join('\n');

/** Puts the log of another database in the place of this one's. */
async function takeLogOf(name: string): Promise<void> {
  const other = await unpackModernLog(name, join(root, 'other'));
  rmSync(logs, { recursive: true });
  renameSync(other, logs);
}

describe('inspect of a database of 4.2 or later', () => {
  it.each(modernDatabases)('%s: tells format, check point, transactions and releases', async (name) => {
    await unpack(name);
    const { checkpoints, transactions } = expectedLog(name, 'databases');
    const checkPoint = checkpoints.at(-1)!;
    const isClean = name.endsWith('-clean');
    expect(await inspectStore(store)).toMatchObject({
      directory: store,
      inUse: false,
      store: { format: 'aligned', release: name.startsWith('4') ? '4.2 to 4.4' : '5.0 to 2026.08' },
      faults: [],
      lastTransaction: {
        id: transactions.at(-1)!.id,
        committedAt: new Date(transactions.at(-1)!.committed).toISOString(),
      },
      log: {
        directory: logs,
        state: isClean ? 'clean' : 'needs-recovery',
        checkPoint: { file: checkPoint.position[0], offset: checkPoint.position[1], reason: checkPoint.reason },
        kernelVersion: checkPoint.version,
        firstTransaction: transactions[0]!.id,
        endsUnfinished: false,
      },
      counts: undefined,
      schema: undefined,
      problems: [],
    });
    const text = await textOf();
    expect(text).toMatch(
      isClean ? /^State: +clean$/m : /^State: +needs recovery by its server: \d+ transactions to replay$/m,
    );
    expect(text).toMatch(new RegExp(`^Written by: +Neo4j .*\\(kernel version ${checkPoint.version}\\)$`, 'm'));
    expect(text).not.toMatch(/^(Nodes|Schema):/m);
  });

  it('finds the last transaction where no check point names it', async () => {
    await unpack('4.4.48-fuzzy');
    await takeLogOf('4.4.48');
    const [version, offset] = expectedLog('4.4.48').checkpoints.at(-1)!.position;
    // All behind the check point, as if the server had been stopped there.
    for (const name of readdirSync(logs)) if (Number(/db\.(\d+)$/.exec(name)?.[1]) > version) rmSync(join(logs, name));
    truncateSync(join(logs, logFileName(version)), offset);
    const covered = expectedLog('4.4.48').transactions.filter(
      ({ end }) => (end[0] <= version && end[1] <= offset) || end[0] < version,
    );
    const inspection = await inspectStore(store);
    expect(inspection).toMatchObject({ log: { state: 'clean' }, lastTransaction: { id: covered.at(-1)!.id } });
    expect(inspection.problems).toEqual(['log: it belongs to another database than the store']);
  });

  it('tells half a transaction at the end', async () => {
    await unpack('5.26.30-fuzzy');
    const [version, offset] = expectedLog('5.26.30-fuzzy', 'databases').end;
    truncateSync(join(logs, logFileName(version)), offset - 1);
    expect(await inspectStore(store)).toMatchObject({ lastTransaction: { id: 151 }, log: { endsUnfinished: true } });
    expect(await textOf()).toMatch(
      /^State: +needs recovery by its server: 50 transactions to replay, and one that is/m,
    );
  });

  it('tells what it can of a log that cannot be read, or is not there', async () => {
    await unpack('5.26.30-fuzzy');
    const path = join(logs, logFileName(1));
    const bytes = readFileSync(path);
    bytes[0] = 99;
    writeFileSync(path, bytes);
    const broken = await inspectStore(store);
    expect(broken).toMatchObject({ log: { state: 'unreadable', transactionsToReplay: undefined } });
    expect(broken.problems).toEqual([expect.stringMatching(/^log: the log has a format that cannot be read here/)]);
    rmSync(logs, { recursive: true });
    expect(await inspectStore(store)).toMatchObject({ log: { state: 'absent', files: [] }, problems: [] });
    expect(await textOf()).toMatch(/^Log: +no transactions, in /m);
  });

  it('names files that are missing', async () => {
    await unpack('4.4.48-fuzzy');
    rmSync(join(store, 'neostore.schemastore.db'));
    expect(await inspectStore(store)).toMatchObject({
      faults: [{ name: 'neostore.schemastore.db', fault: 'missing' }],
    });
  });

  it('says that a log of 4.1 cannot be read', async () => {
    await unpack('4.3.24-fuzzy');
    await takeLogOf(UNREADABLE_LOG);
    const { problems } = await inspectStore(store);
    expect(problems).toContainEqual(expect.stringContaining('4.0 or 4.1'));
  });

  it('refuses stores that no release has written', async () => {
    await unpackCorpus('foreign-stores/4.2.19.tar.gz', root);
    store = join(root, 'neo4j');
    const bytes = readFileSync(join(store, 'neostore'));
    bytes.write('XY', 4 * 9 + 6, 'latin1');
    writeFileSync(join(store, 'neostore'), bytes);
    await expect(inspectStore(store)).rejects.toMatchObject({ code: 'store.format' });
  });
});
