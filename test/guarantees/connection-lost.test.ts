import { readdirSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attemptBackup, expectExact, hashTree, makeBackup } from '../support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../support/history/generated-history.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { BackupServer, type Fault } from '../support/servers/backup-server.ts';

/*
 * Promise: a connection that breaks off, a server that stops sending, or an interrupted command, at any byte or step, leaves the old state
 * or the new one; the next run succeeds and cleans up.
 */

const OLD = 9;
const NEW = 21;

let scratch: string;
let history: GeneratedHistory;
let server: BackupServer;
let oldBackup: string;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  history = await generateHistory(join(scratch, 'source'), { nodes: 50 });
  server = await BackupServer.start(history, OLD);
  await makeBackup(join(scratch, 'old'), server.address);
  oldBackup = join(scratch, 'old', 'db');
});

afterAll(async () => {
  await server.stop();
  await removeDirectory(scratch);
});

const kinds = ['full', 'incremental', 'fallback'] as const;
type Kind = (typeof kinds)[number];

describe.each(kinds)('a %s backup', (kind) => {
  let backupDir: string;
  let target: string;
  let before: string;

  beforeEach(() => {
    server.fault = () => undefined;
    server.newest = NEW;
    server.prunedTo = kind === 'fallback' ? NEW - 1 : 1;
    backupDir = join(scratch, 'backups');
    target = join(backupDir, 'db');
  });

  afterEach(async () => {
    await rm(backupDir, { recursive: true, force: true });
  });

  /** Restores the directory before every attempt. */
  async function prepare(): Promise<void> {
    await rm(backupDir, { recursive: true, force: true });
    if (kind !== 'full') await cp(oldBackup, target, { recursive: true, preserveTimestamps: true });
    before = kind === 'full' ? '' : hashTree(target);
  }

  /** The old state must be intact in every byte, with nothing beside it. */
  function expectUntouched(): void {
    expect(readdirSync(backupDir)).toEqual(kind === 'full' ? [] : ['db']);
    if (kind !== 'full') expect(hashTree(target)).toBe(before);
  }

  async function expectNextRunSucceeds(): Promise<void> {
    server.fault = () => undefined;
    const { lastTransaction } = await makeBackup(backupDir, server.address);
    expect(lastTransaction).toBe(NEW);
    expectExact(target, history, NEW);
    expect(readdirSync(backupDir).filter((name) => name !== 'db.err.0')).toEqual(['db']);
  }

  async function expectSurvives(faultAt: (bytes: number) => Fault, bytes: number, code: string): Promise<void> {
    await prepare();
    server.fault = (request) => (request.kind === wireKind(kind) ? faultAt(bytes) : undefined);
    const { error } = await attemptBackup(backupDir, server.address, {
      fallbackToFull: kind !== 'incremental',
      timeoutMs: code === 'peer.timeout' ? 150 : 10_000,
    });
    expect([bytes, error?.code]).toEqual([bytes, bytes === 0 && code === 'peer.closed' ? 'peer.protocol' : code]);
    expectUntouched();
  }

  it('a backup that is cut at any byte leaves the old state', async () => {
    for (const bytes of campaign.sample(await interestingOffsets(kind, 14), 2)) {
      await expectSurvives((at) => ({ cutAfter: at, reset: at % 2 === 0 }), bytes, 'peer.closed');
    }
    await expectNextRunSucceeds();
  });

  it('a backup whose server stops sending at any byte leaves the old state', async () => {
    for (const bytes of campaign.sample(await interestingOffsets(kind, 2), 2)) {
      await expectSurvives((at) => ({ stallAfter: at }), bytes, 'peer.timeout');
    }
    await expectNextRunSucceeds();
  });

  it('a backup interrupted while it receives leaves the old state', async () => {
    for (const bytes of campaign.sample(await interestingOffsets(kind, 6), 2)) {
      await prepare();
      const interruption = new AbortController();
      const at = { bytes, call: () => interruption.abort() };
      server.fault = (request) => (request.kind === wireKind(kind) ? { at } : undefined);
      const { error } = await attemptBackup(backupDir, server.address, { signal: interruption.signal });
      expect([bytes, error?.code]).toEqual([bytes, 'cancelled']);
      expectUntouched();
    }
    await expectNextRunSucceeds();
  });

  it('a backup interrupted at any step leaves the old state or the new one', async () => {
    const total = await countSteps();
    for (const step of campaign.sample(spread(total, 10), 2)) {
      await prepare();
      const interruption = new AbortController();
      let steps = 0;
      const onEvent = () => {
        if (++steps === step) interruption.abort();
      };
      const { signal } = interruption;
      const { report, error } = await attemptBackup(backupDir, server.address, { signal, onEvent });
      expect([step, error?.code ?? report?.lastTransaction]).toEqual([step, error === undefined ? NEW : 'cancelled']);
      expect(readdirSync(backupDir).filter((name) => !/^db(\.err\.0)?$/.test(name))).toEqual([]);
      if (kind !== 'incremental' && error !== undefined) expectUntouched();
      if (kind === 'incremental' || step === total) await expectNextRunSucceeds();
    }
  });

  async function countSteps(): Promise<number> {
    await prepare();
    let steps = 0;
    await makeBackup(backupDir, server.address, { onEvent: () => steps++ });
    return steps;
  }

  it('a backup interrupted before it begins does nothing', async () => {
    await prepare();
    const { error } = await attemptBackup(backupDir, server.address, { signal: AbortSignal.abort() });
    expect(error?.code).toBe('cancelled');
    expectUntouched();
  });
});

function wireKind(kind: Kind): 'full' | 'incremental' {
  return kind === 'incremental' ? 'incremental' : 'full';
}

/** Offsets in the answer: both ends, around frame ends, and spread over the rest. */
async function interestingOffsets(kind: Kind, count: number): Promise<number[]> {
  const request =
    wireKind(kind) === 'full'
      ? ({ kind: 'full', forensics: false } as const)
      : ({ kind: 'incremental', lastTransactionId: OLD - 1 } as const);
  const { length } = await server.answer(request);
  const offsets = new Set([0, 1, 5, length - 1, length - 2, length - 20]);
  for (let i = 1; i < count; i++) offsets.add(Math.floor((i * length) / count) + (i % 7));
  return [...offsets].filter((offset) => offset >= 0 && offset < length).sort((a, b) => a - b);
}

/** About `count` numbers from 1 to `total`, inclusive. */
function spread(total: number, count: number): number[] {
  const numbers = Array.from({ length: count }, (_, i) => 1 + Math.round((i * (total - 1)) / (count - 1)));
  return [...new Set(numbers)];
}
