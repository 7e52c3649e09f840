import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import tar from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listLogFiles, logFileName } from '../../src/log/log-files.ts';
import type { LogPosition } from '../../src/log/log-position.ts';
import { readLastCheckPoint } from '../../src/log/modern/check-points/check-point-log.ts';
import { recogniseArchive } from '../../src/restore/archive-content.ts';
import { type Line, runJson } from '../support/commands/json-run.ts';
import { World } from '../support/commands/world.ts';
import { setClockBack } from '../support/modern/clock-step.ts';
import { filesOf, GrowingDatabase, logsOf } from '../support/modern/growing-database.ts';
import { expectedLog, modernDatabases, unpackModernLog } from '../support/modern/modern-corpus.ts';
import { expectCut } from '../support/modern/restored-log.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { nextSeed } from '../support/random/seed.ts';

/*
 * Promise: the files of a genuine database of 4.2 or later come back byte for byte, its log cut exactly behind any transaction since the
 * first backup; a log that was replaced or pruned begins another timeline; and what is damaged is an error, never a database.
 */

type Name = (typeof modernDatabases)[number];

let world: World;
let dice: Dice;

beforeEach(async () => {
  world = await World.create();
  dice = new Dice(nextSeed());
});
afterEach(() => world.close());

const run = (...args: string[]) => runJson(world, args);

async function succeed(...args: string[]): Promise<Line> {
  const made = await run(...args);
  expect(made, JSON.stringify(made)).toMatchObject({ event: 'report', exitCode: 0 });
  return made;
}

const repo = () => `--repo=${world.path('repository')}`;
const backUp = (home: string, ...more: string[]) => succeed('backup', `--from=file:${home}`, repo(), ...more);

describe.each([...modernDatabases])('%s', (name) => {
  it('its files come back as they were, and its log behind any transaction', async () => {
    const database = await GrowingDatabase.unpack(name, world.path('servers'));
    const ids = database.transactions.map(({ id }) => id);
    const last = ids.at(-1)!;
    await succeed('repo', 'init', repo(), '--no-encryption');
    // What is in the files may be up to the last transaction; only the log matters here.
    const steps = [...new Set([dice.pick(ids), dice.pick(ids), last])].sort((a, b) => a - b);
    for (const [at, step] of steps.entries()) {
      database.endAt(step);
      const made = await backUp(database.home);
      expect(made).toMatchObject({ kind: at === 0 ? 'full' : 'incremental', lastTransaction: step, notes: [] });
    }
    expect(await backUp(database.home)).toMatchObject({ kind: 'unchanged', lastTransaction: last });
    const within = ids.filter((id) => id >= steps[0]!);
    const wanted = [steps[0]!, last, ...Array.from({ length: campaign.rounds(8, 2) }, () => dice.pick(within))];
    for (const [at, transaction] of wanted.entries()) {
      const to = world.path(`restored-${at}`);
      const restored = await succeed('restore', repo(), '--database=neo4j', `--until=${transaction}`, `--to=${to}`);
      expect(restored).toMatchObject({ transaction, needsRecovery: true });
      expectCut(to, database, transaction);
      expect(filesBelow(filesOf(to))).toEqual(filesBelow(filesOf(database.data)));
      expect(readdirSync(join(to, 'databases'))).toEqual(['neo4j']);
    }
    expect(await succeed('verify', repo(), '--read')).toMatchObject({ faultCount: 0 });
  });
});

const NAME: Name = '5.26.30-fuzzy';

it('a clock that was set back changes no moment, and a time ends before the first later transaction', async () => {
  const database = await GrowingDatabase.unpack('2026.08.1-fuzzy', world.path('servers'));
  const { transactions } = database;
  const [first, second, jump, last] = [0, 0.3, 0.6, 1].map((part) => Math.floor(part * (transactions.length - 1)));
  setClockBack(database, transactions[jump!]!.id, 3_600_000);
  await succeed('repo', 'init', repo(), '--no-encryption');
  for (const step of [first!, second!, jump!, last!]) {
    database.endAt(transactions[step]!.id);
    expect(await backUp(database.home)).toMatchObject({ lastTransaction: transactions[step]!.id });
  }
  const restore = (until: string, to: string) =>
    run('restore', repo(), '--database=neo4j', `--until=${until}`, `--to=${world.path(to)}`);
  for (const { id } of [transactions[jump! - 1]!, transactions[jump!]!, dice.pick(transactions.slice(jump! + 1))]) {
    expect(await restore(String(id), `id-${id}`)).toMatchObject({ event: 'report', transaction: id });
    expectCut(world.path(`id-${id}`), database, id);
  }
  const times = [transactions[second!]!, transactions[jump! - 1]!, dice.pick(transactions)].map(
    (each) => each.committed,
  );
  for (const committed of new Set(times)) {
    const made = await restore(new Date(committed).toISOString(), `time-${committed}`);
    if (transactions[first!]!.committed > committed) {
      expect(made).toMatchObject({ event: 'error', code: 'repository.not-reached' });
      continue;
    }
    const later = transactions.findIndex((each, at) => at > first! && each.committed > committed);
    expectCut(world.path(`time-${committed}`), database, transactions.at(later < 0 ? -1 : later - 1)!.id);
  }
});

it('a dump of a database of 4.3 has no mark, which its tool would not know', async () => {
  const database = await GrowingDatabase.unpack('4.3.24-fuzzy', world.path('servers'));
  await succeed('repo', 'init', repo(), '--no-encryption');
  await backUp(database.home);
  for (const compression of ['gzip', 'zstd']) {
    const archive = world.path(`${compression}.dump`);
    await succeed('export', repo(), `--to=${archive}`, `--compression=${compression}`);
    expect(await recogniseArchive(archive)).toBe(compression);
  }
  const packed = await readPacked(gunzipSync(readFileSync(world.path('gzip.dump'))));
  expect([...packed.keys()]).toEqual(expect.arrayContaining(['./neostore', './neostore.nodestore.db']));
});

describe('a database of 5.26', () => {
  let database: GrowingDatabase;
  let ids: number[];

  beforeEach(async () => {
    database = await GrowingDatabase.unpack(NAME, world.path('servers'));
    ids = database.transactions.map(({ id }) => id);
    await succeed('repo', 'init', repo(), '--no-encryption');
  });

  const middle = () => ids[Math.floor(ids.length / 2)]!;

  it('a log that was replaced by another history begins another timeline', async () => {
    database.endAt(middle());
    await backUp(database.home);
    const other = await GrowingDatabase.unpack('2026.08.1-fuzzy', world.path('servers'));
    cpSync(other.data, database.data, { recursive: true, force: true });
    const made = await backUp(database.home);
    expect(made).toMatchObject({ kind: 'full' });
    expect((made.fallback as Line).reason).toMatch(/another database|is not the one of this backup|does not have/);
    expect(await run('backup', `--from=file:${database.home}`, repo(), '--no-fallback-to-full')).toMatchObject({
      kind: 'unchanged',
    });
  });

  it('a log that no longer reaches back begins another timeline, unless that is forbidden', async () => {
    database.endAt(ids[0]!);
    await backUp(database.home);
    database.endAt(ids.at(-1)!);
    const { lowest, highest } = listLogFiles(logsOf(database.data));
    expect(highest).toBeGreaterThan(lowest!);
    rmSync(join(logsOf(database.data), logFileName(lowest!)));
    const refused = await run('backup', `--from=file:${database.home}`, repo(), '--no-fallback-to-full');
    expect(refused).toMatchObject({ event: 'error', code: 'peer.history-pruned' });
  });

  it('a time means what was committed before the first later transaction, also where the clock went back', async () => {
    const young = await GrowingDatabase.unpack(NAME, world.path('young'), { checkPoints: false });
    const all = young.transactions;
    for (const step of [all[2]!, all[60]!, all.at(-1)!]) {
      young.endAt(step.id);
      await backUp(young.home);
    }
    const later = all.slice(3);
    const back = later.filter(({ committed }, at) => committed < (later[at - 1]?.committed ?? 0));
    expect(back.length).toBeGreaterThan(0);
    const times = [dice.pick(back).committed, dice.pick(back).committed - 1, dice.pick(later).committed];
    for (const [at, time] of times.entries()) {
      const first = later.find(({ committed }) => committed > time);
      const wanted = (first?.id ?? all.at(-1)!.id + 1) - 1;
      const until = `--until=${new Date(time).toISOString()}`;
      const to = world.path(`restored-${at}`);
      const restored = await succeed('restore', repo(), '--database=neo4j', until, `--to=${to}`);
      expect(restored).toMatchObject({ transaction: wanted });
      expectCut(to, young, wanted);
    }
  });

  it('a check point at the beginning of a log file without transactions comes back with that file', async () => {
    const last = database.transactions.findLast(({ end }) => end[0] === 0)!;
    const logs = logsOf(database.data);
    truncateSync(join(logs, logFileName(1)), 128);
    moveLastCheckPoint(logs, { version: 1, offset: 128 });
    expect(await backUp(database.home)).toMatchObject({ kind: 'full', lastTransaction: last.id });
    const to = world.path('restored');
    await succeed('restore', repo(), '--database=neo4j', `--to=${to}`);
    for (const version of [0, 1]) {
      const [restored, genuine] = [logsOf(to), logs].map((each) => readFileSync(join(each, logFileName(version))));
      expect(restored!.equals(genuine!), logFileName(version)).toBe(true);
    }
    expect(await succeed('verify', repo(), '--read')).toMatchObject({ faultCount: 0 });
    // The next transactions go into that file.
    database.endAt(ids.at(-1)!);
    moveLastCheckPoint(logs, { version: 1, offset: 128 });
    expect(await backUp(database.home)).toMatchObject({ kind: 'incremental', lastTransaction: ids.at(-1) });
    await succeed('restore', repo(), '--database=neo4j', `--to=${to}`, '--force');
    expectCut(to, database, ids.at(-1)!);
    expect(await succeed('verify', repo(), '--read')).toMatchObject({ faultCount: 0 });
  });

  it('a repository that fails does not keep the others from their backup, and a database does not either', async () => {
    const spare = world.path('spare');
    const both = [repo(), `--repo=${spare}`];
    database.endAt(ids[0]!);
    cpSync(filesOf(database.data), join(filesOf(database.data), '../other'), { recursive: true });
    cpSync(logsOf(database.data), join(logsOf(database.data), '../other'), { recursive: true });
    const refused = await run('backup', `--from=file:${database.home}`, ...both, '--database=*');
    expect(refused).toMatchObject({
      event: 'error',
      code: 'backup.left-out',
      exitCode: 1,
      notes: [
        { code: 'target-left-out', target: `${spare}/db/neo4j`, error: { code: 'object.no-store' } },
        { code: 'target-left-out', target: `${spare}/db/other` },
      ],
    });
    expect(refused.observed).toContain('/db/other');
    await succeed('repo', 'init', `--repo=${spare}`, '--no-encryption');
    rmSync(join(filesOf(database.data), '../other/neostore.nodestore.db'));
    const half = await run('backup', `--from=file:${database.home}`, ...both, '--database=*');
    expect(half).toMatchObject({
      code: 'backup.left-out',
      notes: [{ target: `${spare}/db/other`, error: { code: 'store.missing-file' } }],
    });
    expect(await succeed('verify', `--repo=${spare}`)).toMatchObject({ bases: 1 });
    const none = await run('backup', `--from=file:${database.home}`, `--repo=${world.path('nowhere')}`);
    expect(none).toMatchObject({ event: 'error', code: 'object.no-store' });
  });

  it('a transaction that is being written is not there yet', async () => {
    const [next] = database.transactions.filter(({ id }) => id === middle() + 1);
    database.endAt(middle() + 1);
    const [version, end] = next!.end;
    truncateSync(join(logsOf(database.data), logFileName(version)), end - 5);
    expect(await backUp(database.home)).toMatchObject({ kind: 'full', lastTransaction: middle() });
    database.endAt(middle() + 1);
    expect(await backUp(database.home)).toMatchObject({ kind: 'incremental', lastTransaction: middle() + 1 });
  });

  it('a tree without a whole state is left to the server, and named', async () => {
    const counts = join(filesOf(database.data), 'neostore.counts.db');
    writeFileSync(counts, Buffer.alloc(readFileSync(counts).length));
    const { notes } = await backUp(database.home);
    expect(notes).toMatchObject([{ code: 'file-left-to-server', name: 'neostore.counts.db', cause: 'incomplete' }]);
    const to = world.path('restored');
    await succeed('restore', repo(), '--database=neo4j', `--to=${to}`);
    expect(existsSync(join(filesOf(to), 'neostore.counts.db'))).toBe(false);
  });

  it('the log over an upgrade of the server is one history, and a restore says which release its end needs', async () => {
    const logs = await unpackModernLog('upgrade-5.26.30-2026.08.1', world.path('upgraded'));
    const { transactions } = expectedLog('upgrade-5.26.30-2026.08.1');
    rmSync(logsOf(database.data), { recursive: true });
    cpSync(logs, logsOf(database.data), { recursive: true });
    // The files are of another database: what is looked at is the log.
    await backUp(database.home);
    const last = transactions.at(-1)!;
    const restored = await succeed('restore', repo(), '--database=neo4j', `--to=${world.path('restored')}`);
    expect(restored).toMatchObject({ transaction: last.id, writtenBy: '2026.08 or later' });
  });

  it('a dump of any moment holds what a restore makes, and nothing is left of its making', async () => {
    database.endAt(middle());
    await backUp(database.home);
    database.endAt(ids.at(-1)!);
    await backUp(database.home);
    const scratch = world.path('scratch');
    mkdirSync(scratch);
    const archive = world.path('neo4j.dump');
    const made = await succeed('export', repo(), `--until=${middle()}`, `--to=${archive}`, `--scratch=${scratch}`);
    expect(made).toMatchObject({ transaction: middle(), archive, compression: 'gzip' });
    expect(readdirSync(scratch)).toEqual([]);
    const bytes = readFileSync(archive);
    expect(bytes.toString('latin1', 0, 4)).toBe('DGV1');
    const to = world.path('restored');
    await succeed('restore', repo(), '--database=neo4j', `--until=${middle()}`, `--to=${to}`);
    const packed = await readPacked(gunzipSync(bytes.subarray(4)));
    const wanted = [filesOf(to), logsOf(to)].flatMap((folder) =>
      filesBelow(folder).map((name): [string, Buffer] => [`.${name}`, readFileSync(join(folder, name))]),
    );
    expect([...packed.keys()].sort()).toEqual(wanted.map(([name]) => name).sort());
    for (const [name, content] of wanted) expect(packed.get(name)!.equals(content), name).toBe(true);
    expect(await run('export', repo(), `--to=${archive}`)).toMatchObject({ event: 'error', code: 'archive.exists' });
  });

  it('an object that was changed restores nothing', async () => {
    await backUp(database.home);
    const objects = filesBelow(world.path('repository')).filter((path) => /\/(data|log)\//.test(path));
    const path = join(world.path('repository'), dice.pick(objects));
    const bytes = readFileSync(path);
    const at = dice.below(bytes.length);
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(path, bytes);
    const to = world.path('restored');
    const refused = await run('restore', repo(), '--database=neo4j', `--to=${to}`);
    expect(refused).toMatchObject({ event: 'error', exitCode: 14 });
    expect(filesBelow(to)).toEqual([]);
  });

  it('a database that is there is replaced only with --force, and what a killed restore left is cleared', async () => {
    await backUp(database.home);
    const to = world.path('restored');
    const restore = ['restore', repo(), '--database=neo4j', `--to=${to}`];
    await succeed(...restore);
    expect(await run(...restore)).toMatchObject({ event: 'error', code: 'database.exists' });
    const before = filesBelow(to);
    // As after a kill between two renames of a restore with --force.
    cpSync(filesOf(to), `${filesOf(to)}.graphkeep-old`, { recursive: true });
    rmSync(filesOf(to), { recursive: true });
    mkdirSync(`${filesOf(to)}.graphkeep-new`);
    expect(await run(...restore)).toMatchObject({ event: 'error', code: 'database.exists' });
    expect(filesBelow(to)).toEqual(before);
    await succeed(...restore, '--force');
    expect(filesBelow(to)).toEqual(before);
  });

  it.each([
    [['backup', '--from=file:HOME', '--to=x'], 'a database of 4.2 or later is backed up into a repository'],
    [['backup', '--from=file:HOME', 'REPO', '--follow=0s'], '--follow must be more than 0'],
    [['backup', '--from=file:HOME', 'REPO', '--database=other'], "there is no database 'other'"],
  ])('%j is refused', async (args, message) => {
    const given = args.map((arg) => arg.replace('HOME', database.home).replace('REPO', repo()));
    const refused = await run(...given);
    expect(refused).toMatchObject({ event: 'error', exitCode: 1 });
    expect(refused.message).toContain(message);
  });

  it('a restore says what only a server can do', async () => {
    await backUp(database.home);
    const refused = await run('restore', repo(), '--database=neo4j', `--to=${world.path('x')}`, '--check');
    expect(refused).toMatchObject({ event: 'error', code: 'usage' });
    expect(refused.message).toContain('only a server can recover this one');
  });
});

/** As of a server that has begun a new log file and then written a check point. Records of 5.26: both positions behind two bytes. */
function moveLastCheckPoint(logs: string, { version, offset }: LogPosition): void {
  const { file, start, end } = readLastCheckPoint(logs)!;
  const path = join(logs, `checkpoint.${file}`);
  const content = readFileSync(path);
  const record = content.subarray(start, end);
  for (const [at, each] of [version, offset, version, offset].entries())
    record.writeBigInt64LE(BigInt(each), 2 + 8 * at);
  record.writeUInt32LE(crc32c(record.subarray(0, -4)), record.length - 4);
  writeFileSync(path, content);
  expect(readLastCheckPoint(logs)).toMatchObject({ position: { version, offset }, oldestOpen: { version, offset } });
}

async function readPacked(archive: Buffer): Promise<Map<string, Buffer>> {
  const extract = tar.extract();
  extract.end(archive);
  const files = new Map<string, Buffer>();
  for await (const entry of extract) {
    const pieces: Buffer[] = [];
    for await (const piece of entry) pieces.push(piece as Buffer);
    if (entry.header.type === 'file') files.set(entry.header.name, Buffer.concat(pieces));
  }
  return files;
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile() && !/write\.lock$|\.tmp$|_lock$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length))
    .sort();
}
