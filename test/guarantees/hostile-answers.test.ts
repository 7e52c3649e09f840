import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BackupFailed } from '../../src/backup/backup-options.ts';
import { Dice } from '../../src/base/dice.ts';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import type { CommonRequest } from '../../src/protocol/backup-protocol/request.ts';
import { ResponseWriter } from '../../src/protocol/backup-protocol/response-writer.ts';
import { listServedFiles } from '../../src/serve/database/served-files.ts';
import {
  decodeMetadata,
  encodeMetadata,
  type NeostoreMetadata,
  readMetadata,
} from '../../src/store/files/neostore-metadata.ts';
import { formatByVersion } from '../../src/store/files/store-format.ts';
import { encodeStoreVersion } from '../../src/store/files/store-version.ts';
import { type Attempt, attemptBackup, expectExact, hashTree, makeBackup } from '../support/commands/backup-attempt.ts';
import { decodeAnswer, fullAnswers, readCapture, recutFrames } from '../support/corpus/common-captures.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../support/history/generated-history.ts';
import type { ServedTransaction } from '../support/history/served-history.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { SEED } from '../support/random/seed.ts';
import { BackupServer } from '../support/servers/backup-server.ts';

/*
 * Promise: whatever a peer sends, a backup ends with a report or with an error that says what was wrong. Nothing is written outside the
 * target's own names. A published backup was complete and passed every check of the protocol, which protects the structure of an answer but
 * not the bytes of files and records. A refused answer does not touch an old backup.
 */

const rounds = campaign.rounds(100, 15);
const OLD = 9;
const NEW = 20;
const FULL: CommonRequest = { kind: 'full', forensics: false };
const INCREMENTAL: CommonRequest = { kind: 'incremental', lastTransactionId: OLD - 1 };

let scratch: string;
let backupDir: string;
let target: string;
let history: GeneratedHistory;
let server: BackupServer;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  backupDir = join(scratch, 'backups');
  target = join(backupDir, 'db');
  writeFileSync(join(scratch, 'precious'), 'precious');
  history = await generateHistory(join(scratch, 'source'), { nodes: 20 });
  server = await BackupServer.start(history, OLD);
  await makeBackup(join(scratch, 'old'), server.address);
});

afterAll(async () => {
  await server.stop();
  await removeDirectory(scratch);
});

beforeEach(async () => {
  server.fault = () => undefined;
  server.newest = NEW;
  await rm(backupDir, { recursive: true, force: true });
  mkdirSync(backupDir);
});

/** Answers one backup with these bytes. */
async function answerWith(bytes: Buffer, fallbackToFull: boolean): Promise<Attempt> {
  server.fault = () => ({ replace: () => bytes, cutAfter: bytes.length });
  const attempt = await attemptBackup(backupDir, server.address, { fallbackToFull, timeoutMs: 2000 });
  expect(readdirSync(scratch).sort()).toEqual(['backups', 'old', 'precious', 'source']);
  expect(readdirSync(backupDir).filter((name) => name !== 'db')).toEqual([]);
  return attempt;
}

async function isComplete(kind: 'full' | 'incremental', bytes: Buffer): Promise<boolean> {
  const decoded = await decodeAnswer(kind, [bytes]).catch(() => undefined);
  return decoded?.outcome?.kind === 'complete';
}

/** One way to spoil an answer, with what it needs to be repeated. */
class Spoiler {
  readonly dice: Dice;

  constructor(round: number) {
    this.dice = new Dice(SEED * 7919 + round * 104_729);
  }

  spoil(answer: Buffer): Buffer {
    const bytes = Buffer.from(answer);
    const at = this.place(bytes);
    const length = 1 + this.dice.below(Math.min(300, bytes.length - at));
    switch (this.dice.below(7)) {
      case 0:
        bytes[at] = bytes[at]! ^ (1 << this.dice.below(8));
        return bytes;
      case 1:
        for (let i = at; i < at + Math.min(length, 8); i++) bytes[i] = this.dice.below(256);
        return bytes;
      case 2:
        return bytes.subarray(0, at);
      case 3:
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
      case 4:
        return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
      case 5:
        bytes.fill(this.dice.below(2) * 255, at, at + Math.min(length, 12));
        return bytes;
      default:
        // Shifts everything after it, in valid frames.
        return recutFrames(this.spoil(answer), [1000 + this.dice.below(60_000)]);
    }
  }

  /** Anywhere, but preferably where the structure is: the beginning, the end, the names. */
  private place(bytes: Buffer): number {
    const kind = this.dice.below(4);
    if (kind === 0) return this.dice.below(Math.min(bytes.length, 100));
    if (kind === 1) return bytes.length - 1 - this.dice.below(Math.min(bytes.length, 200));
    const name = bytes.indexOf(Buffer.from('neostore', 'utf16le').swap16(), this.dice.below(bytes.length));
    if (kind === 2 && name > 0) return Math.max(0, name - 4 + this.dice.below(60));
    return this.dice.below(bytes.length);
  }
}

function tryRecut(spoiler: Spoiler, answer: Buffer): Buffer {
  try {
    return spoiler.spoil(answer);
  } catch (error) {
    // The frames could not be found any more.
    if (error instanceof RangeError) return answer.subarray(0, spoiler.dice.below(answer.length));
    throw error;
  }
}

it(`a full answer with random damage is published only if it is complete (seed ${SEED})`, async () => {
  const intact = await server.answer(FULL);
  const answers = [intact, intact, readCapture(fullAnswers[0]!)];
  for (let round = 0; round < rounds; round++) {
    const bytes = tryRecut(new Spoiler(round), answers[round % answers.length]!);
    const { report, error } = await answerWith(bytes, true);
    if (report !== undefined) {
      expect([round, await isComplete('full', bytes)]).toEqual([round, true]);
      expect([round, ...readdirSync(backupDir)]).toEqual([round, 'db']);
      await rm(target, { recursive: true });
    } else {
      expect([round, error?.code]).toEqual([round, expect.any(String)]);
      expect([round, ...readdirSync(backupDir)]).toEqual([round]);
    }
  }
});

it(`an incremental answer with random damage does no harm when it is refused (seed ${SEED})`, async () => {
  const intact = await server.answer(INCREMENTAL);
  await cp(join(scratch, 'old', 'db'), target, { recursive: true, preserveTimestamps: true });
  const before = hashTree(target);
  for (let round = 0; round < rounds; round++) {
    const bytes = tryRecut(new Spoiler(round), intact);
    const { report, error } = await answerWith(bytes, false);
    if (report !== undefined) {
      expect([round, await isComplete('incremental', bytes)]).toEqual([round, true]);
      await rm(target, { recursive: true });
      await cp(join(scratch, 'old', 'db'), target, { recursive: true, preserveTimestamps: true });
    } else {
      expect([round, error?.code, hashTree(target)]).toEqual([round, expect.any(String), before]);
    }
  }
  server.fault = () => undefined;
  await makeBackup(backupDir, server.address, { fallbackToFull: false });
  expectExact(target, history, NEW);
});

/** An answer whose parts can be exchanged before it is written. */
interface Parts {
  files: { name: string; bytes: Buffer }[];
  storeId: GeneratedHistory['storeId'];
  transactions: ServedTransaction[];
  /** Bytes after the last transaction. */
  rest: Buffer;
}

function fullParts(): Parts {
  const { folder, storeId, transactions } = history;
  const { storeVersion } = readMetadata(join(folder, 'neostore'));
  const found = listServedFiles(folder, formatByVersion(storeVersion), { logs: false });
  const files = found.map(({ name, path }) => ({ name, bytes: readFileSync(path) }));
  return { files, storeId, transactions: transactions.filter(({ id }) => id <= NEW), rest: Buffer.alloc(0) };
}

async function writeAnswer(parts: Parts, kind: 'full' | 'incremental'): Promise<Buffer> {
  const frames: Buffer[] = [];
  const writer = new ResponseWriter((frame) => {
    frames.push(Buffer.from(frame));
    return undefined;
  });
  for (const { name, bytes } of kind === 'full' ? parts.files : []) {
    await writer.beginFile({ name, alignment: 1, empty: bytes.length === 0 });
    if (bytes.length > 0) await writer.fileBytes(bytes);
    await writer.endFile();
  }
  if (kind === 'full') await writer.endFiles();
  await writer.storeId(parts.storeId);
  for (const { bytes } of parts.transactions) await writer.transactions(bytes);
  await writer.transactions(parts.rest);
  await writer.finish();
  return Buffer.concat(frames);
}

function without(parts: Parts, id: number): void {
  parts.transactions = parts.transactions.filter((transaction) => transaction.id !== id);
}

function patchNeostore(parts: Parts, patch: Partial<NeostoreMetadata>): void {
  const neostore = parts.files.find(({ name }) => name === 'neostore')!;
  neostore.bytes = encodeMetadata({ ...decodeMetadata(neostore.bytes), ...patch });
}

function setVersion(parts: Parts, storeVersion: bigint): void {
  patchNeostore(parts, { storeVersion });
  parts.storeId = { ...parts.storeId, storeVersion };
}

function addFile(name: string): (parts: Parts) => void {
  return (parts) => void parts.files.unshift({ name, bytes: Buffer.from('evil') });
}

function dropFile(dropped: string): (parts: Parts) => void {
  return (parts) => {
    parts.files = parts.files.filter(({ name }) => name !== dropped);
  };
}

function causeOf({ error }: Attempt): string | undefined {
  const cause = error instanceof BackupFailed ? error.attempts[0]!.error : error;
  return (cause as { code?: string } | undefined)?.code;
}

describe('a full copy', () => {
  it('a well-formed full copy is published', async () => {
    await answerWith(await writeAnswer(fullParts(), 'full'), true);
    expectExact(target, history, NEW);
  });

  it.each<[string, ErrorCode, (parts: Parts) => void]>([
    ['with a name above the target', 'peer.hostile', addFile('../precious')],
    ['with a name that goes up later', 'peer.hostile', addFile('schema/../../../precious')],
    ['with an absolute name', 'peer.hostile', addFile('/tmp/graphkeep-evil')],
    ['with a name for Windows that goes up', 'peer.hostile', addFile('..\\..\\precious')],
    ['with a lock file', 'peer.hostile', addFile('store_lock')],
    ['with a transaction log', 'peer.hostile', addFile('neostore.transaction.db.0')],
    ['with a file twice', 'peer.hostile', addFile('neostore')],
    [
      'with a file as a directory',
      'peer.hostile',
      (parts) => void parts.files.push({ name: 'neostore/x', bytes: Buffer.from('x') }),
    ],
    ['without neostore', 'peer.protocol', dropFile('neostore')],
    ['without the node store', 'store.missing-file', dropFile('neostore.nodestore.db')],
    ['without the schema store', 'store.missing-file', dropFile('neostore.schemastore.db')],
    ['of no file at all', 'peer.protocol', (parts) => void parts.files.splice(0)],
    [
      'of another store than it says',
      'peer.protocol',
      (parts) => void Object.assign(parts, { storeId: { ...parts.storeId, randomId: 1n } }),
    ],
    ['of a format to come', 'store.format', (parts) => setVersion(parts, encodeStoreVersion('v9.Z.9'))],
    ['with a version that is no name', 'store.corrupt', (parts) => setVersion(parts, 1n)],
    [
      'with the files of the store before an upgrade',
      'peer.protocol',
      (parts) => void Object.assign(parts, { storeId: { ...parts.storeId, upgradeTransactionId: 2 } }),
    ],
    ['with an impossible log version', 'log.corrupt', (parts) => patchNeostore(parts, { logVersion: -1 })],
    ['whose transactions begin too late', 'peer.protocol', (parts) => without(parts, 2)],
    [
      'whose transactions end too early',
      'peer.protocol',
      (parts) => patchNeostore(parts, { lastTransactionId: NEW + 1 }),
    ],
    ['whose transactions have a gap', 'peer.hostile', (parts) => without(parts, 5)],
    ['whose transactions come twice', 'peer.hostile', (parts) => void parts.transactions.push(...parts.transactions)],
    [
      'whose last transaction is half',
      'peer.closed',
      (parts) => void Object.assign(parts, { rest: history.transactions[NEW - 1]!.bytes.subarray(0, 50) }),
    ],
  ])('a full copy %s is not published', async (_what, code, change) => {
    const parts = fullParts();
    change(parts);
    const attempt = await answerWith(await writeAnswer(parts, 'full'), true);
    expect([causeOf(attempt), ...readdirSync(backupDir)]).toEqual([code]);
    expect(readFileSync(join(scratch, 'precious'), 'utf8')).toBe('precious');
  });
});

describe('an incremental', () => {
  it.each<[string, ErrorCode, (parts: Parts) => void]>([
    ['that begins too late', 'peer.hostile', (parts) => without(parts, OLD)],
    ['with a gap', 'peer.hostile', (parts) => without(parts, OLD + 3)],
    [
      'with a half transaction',
      'peer.closed',
      (parts) => void Object.assign(parts, { rest: history.transactions[NEW - 1]!.bytes.subarray(0, 50) }),
    ],
    [
      'with garbage after the transactions',
      'peer.hostile',
      (parts) => void Object.assign(parts, { rest: Buffer.from('garbage') }),
    ],
    [
      'of another store',
      'peer.other-store',
      (parts) => void Object.assign(parts, { storeId: { ...parts.storeId, randomId: 1n } }),
    ],
    ['of nothing', 'peer.behind', (parts) => void parts.transactions.splice(0)],
  ])('an incremental %s leaves the backup as it is', async (_what, code, change) => {
    await cp(join(scratch, 'old', 'db'), target, { recursive: true, preserveTimestamps: true });
    const before = hashTree(target);
    const parts = fullParts();
    parts.transactions = parts.transactions.filter(({ id }) => id >= OLD);
    change(parts);
    const attempt = await answerWith(await writeAnswer(parts, 'incremental'), false);
    expect([causeOf(attempt), hashTree(target)]).toEqual([code, before]);
  });
});
