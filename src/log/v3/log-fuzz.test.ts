import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { SEED } from '../../../test/support/random/seed.ts';
import { Dice } from '../../base/dice.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { TokenKind } from '../../store/records/token-record.ts';
import type { LogSource } from '../log-source.ts';
import { findLastCheckPoint } from './check-points.ts';
import { readDynamicImage } from './commands/dynamic-record-image.ts';
import { readFreedNodeUnit, readNodeImage } from './commands/node-command.ts';
import { readPropertyImage, readPropertyOwnerKind } from './commands/property-command.ts';
import { readFreedRelationshipUnit, readRelationshipImage } from './commands/relationship-command.ts';
import { readFreedGroupUnit, readGroupImage } from './commands/relationship-group-command.ts';
import { readTokenImage } from './commands/token-command.ts';
import type { RelationshipGroupCommandType } from './fields/command-types.ts';
import type { DynamicOwner, TransactionVisitor } from './fields/transaction-visitor.ts';
import { encodeLogHeader } from './log-header.ts';
import { LogReader } from './log-reader.ts';
import { findRecoveryStart } from './recovery-start.ts';
import { decodeTransaction } from './transaction-codec.ts';
import { TransactionStream } from './transaction-stream.ts';
import { walkTransaction } from './transaction-walker.ts';

/**
 * Damaged logs: whatever the bytes, the readers terminate with transactions, a clean end or a GraphkeepError. Reproduce a run with
 * GRAPHKEEP_SEED; use GRAPHKEEP_CAMPAIGN=30 for a long one.
 */
const rounds = campaign.rounds(3000);
const MAX_ROUND_MS = 30_000;
const MAX_BASE_BYTES = 25_000;

/** Log files in memory; counts the bytes read, to bound the work. */
class MemoryLog implements LogSource {
  readonly lowest = 0;
  readonly files: Buffer[];
  bytesRead = 0;
  constructor(files: Buffer[]) {
    this.files = files;
  }
  get highest(): number {
    return this.files.length - 1;
  }
  nameOf(version: number): string {
    return `log.${version}`;
  }
  sizeOf(version: number): number {
    return this.files[version]?.length ?? 0;
  }
  read(version: number, buffer: Buffer, at: number, length: number, position: number): number {
    if (at + length > buffer.length) throw new Error('read beyond the window');
    const count = this.files[version]!.copy(buffer, at, position, position + length);
    this.bytesRead += count;
    return count;
  }
}

/** Decodes every reported image; every number must be valid. */
class ImageReader implements TransactionVisitor {
  buffer: Buffer = Buffer.alloc(0);
  calls = 0;
  private readonly node_ = blank('dense', 'nextRel', 'nextProp', 'labelField', 'secondaryUnit');
  private readonly record = blank('start', 'end', 'type', 'startPrev', 'startNext', 'endPrev', 'endNext', 'nextProp');
  private readonly group_ = blank('type', 'next', 'firstOut', 'firstIn', 'firstLoop', 'owner', 'secondaryUnit');
  private readonly property_ = { ...blank('prev', 'next', 'blockCount'), blocks: new Uint8Array(32) };
  private readonly dynamic_ = { ...blank('next'), data: new Uint8Array() };
  private readonly token_ = blank('propertyCount', 'nameId');

  private check(record: object, ...numbers: number[]): void {
    this.calls++;
    for (const value of [...Object.values(record), ...numbers]) {
      if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Error(`not a number: ${value}`);
    }
  }
  node(id: number, before: number, after: number, end: number): void {
    for (const at of [before, after]) {
      this.check(readNodeImage(this.buffer, at, this.node_), id, end, readFreedNodeUnit(this.buffer, at));
    }
  }
  relationship(id: number, before: number, after: number, end: number): void {
    for (const at of [before, after]) {
      const freed = readFreedRelationshipUnit(this.buffer, at);
      this.check(readRelationshipImage(this.buffer, at, this.record), id, end, freed);
    }
  }
  group(id: number, before: number, after: number, end: number, type: RelationshipGroupCommandType): void {
    for (const at of [before, after]) {
      this.check(
        readGroupImage(this.buffer, at, this.group_, type),
        id,
        end,
        readFreedGroupUnit(this.buffer, at, type),
      );
    }
  }
  property(id: number, before: number, after: number, end: number): void {
    for (const at of [before, after]) {
      this.check(readPropertyImage(this.buffer, at, this.property_), id, end);
      readPropertyOwnerKind(this.buffer, at);
    }
  }
  token(kind: TokenKind, id: number, before: number, after: number, end: number): void {
    for (const at of [before, after]) {
      this.check(readTokenImage(kind, this.buffer, at, this.token_), id, end);
    }
  }
  dynamic(_owner: DynamicOwner, id: number, _isBefore: boolean, offset: number, end: number): void {
    this.check(readDynamicImage(this.buffer, offset, this.dynamic_), id, end);
  }
  neostore(before: number, after: number): void {
    this.check({}, before, after);
  }
  schemaRule(beforeList: number, afterList: number, _created: boolean, end: number): void {
    this.check({}, beforeList, afterList, end);
  }
  nodeCounts(label: number, delta: number): void {
    this.check({}, label, delta);
  }
  relationshipCounts(start: number, type: number, end: number, delta: number): void {
    this.check({}, start, type, end, delta);
  }
  explicitIndex(_type: number, offset: number, end: number): void {
    this.check({}, offset, end);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: one blank record for every kind
function blank(...fields: string[]): any {
  return Object.fromEntries(['id', ...fields].map((field) => [field, 0]));
}

const corpus = new URL('../../../test/corpus/txlogs/', import.meta.url);

/** Pieces of real logs, about 8 KB of whole transactions each, so that a round is short and every command type occurs. */
function makeBases(): Buffer[] {
  const bases: Buffer[] = [];
  for (const folder of [
    'diverse-3.5.34-standard',
    'diverse-3.4.9-standard',
    'diverse-3.4.9-highlimit',
    'small-3.5.34',
  ]) {
    const directory = new URL(folder, corpus).pathname;
    const log = readFileSync(`${directory}/neostore.transaction.db.0`);
    using reader = new LogReader(directory, { through: 0 });
    let from = 16;
    let previous = 1;
    const push = (to: number) => {
      const header = encodeLogHeader({ version: 0, previousTransaction: previous });
      if (to > from) bases.push(Buffer.concat([header, log.subarray(from, to)]));
    };
    for (const item of reader) {
      if (item.kind !== 'transaction') continue;
      const isLarge = item.endOffset - item.startOffset > MAX_BASE_BYTES;
      if (!isLarge && item.endOffset - from < 8000) continue;
      push(isLarge ? item.startOffset : item.endOffset);
      from = item.endOffset;
      previous = item.transactionId;
    }
    push(reader.position.offset);
  }
  return bases;
}

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 0x00010000];

function mutate(base: Buffer, dice: Dice): Buffer {
  let bytes: Buffer = Buffer.from(base);
  for (let left = 1 + dice.below(4); left > 0; left--) {
    const at = dice.below(bytes.length);
    const to = Math.min(bytes.length, at + 1 + dice.below(64));
    switch (dice.below(8)) {
      case 0:
      case 1:
        bytes[at] = bytes[at]! ^ (1 << dice.below(8));
        break;
      case 2:
        bytes[at] = dice.below(256);
        break;
      case 3:
        if (at + 4 <= bytes.length) bytes.writeUInt32BE(dice.pick(EXTREMES) >>> 0, at);
        break;
      case 4:
        bytes = bytes.subarray(0, Math.max(1, at));
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)]);
        break;
      case 6: {
        const inserted = Buffer.from(Array.from({ length: 1 + dice.below(40) }, () => dice.below(256)));
        bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
        break;
      }
      default:
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at, to), bytes.subarray(to)]);
    }
    if (bytes.length === 0) return Buffer.from([6]);
  }
  return bytes;
}

/** Runs `action`; any error other than a GraphkeepError is a finding. */
function tolerate(action: () => void): GraphkeepError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof GraphkeepError && error.code !== 'internal') return error;
    throw error;
  }
}

/** The same files, held in memory by their source: the reader copies nothing. */
class HeldLog extends MemoryLog {
  contentOf(version: number): Buffer | undefined {
    return this.files[version];
  }
}

/** The transactions and the end: the same, whether the files are read in pieces or held in memory. */
function readWhole(log: LogSource): (number | string)[] {
  const found: (number | string)[] = [];
  const failure = tolerate(() => {
    const reader = new LogReader(log);
    for (const item of reader) found.push(item.kind === 'transaction' ? item.transactionId : item.kind);
    found.push(reader.position.version, reader.position.offset, reader.tornBytes);
  });
  if (failure !== undefined) found.push(failure.message, failure.place?.offset ?? -1);
  return found;
}

const visitor = new ImageReader();

/** The number of transactions that the reader yields; each one is walked and decoded, in its window and alone. */
function readLog(log: MemoryLog, dice: Dice): number {
  const windowBytes = dice.pick([64, 256, 4096, 65_536]);
  const reader = new LogReader(log, { windowBytes, maxTransactionBytes: 1 << 20 });
  let count = 0;
  tolerate(() => {
    for (const item of reader) {
      if (item.kind !== 'transaction') continue;
      count++;
      visitor.buffer = item.buffer;
      const inWindow = tolerate(() => walkTransaction(item.buffer, item.start, item.end, visitor));
      const alone = Buffer.from(item.bytes);
      visitor.buffer = alone;
      const calls = visitor.calls;
      const byItself = tolerate(() => walkTransaction(alone, 0, alone.length, visitor));
      expect(byItself?.message).toBe(inWindow?.message);
      const decoded = tolerate(() => decodeTransaction(alone));
      if (decoded === undefined && byItself === undefined) expect(visitor.calls).toBeGreaterThanOrEqual(calls);
    }
  });
  expect(log.bytesRead).toBeLessThan(3 * log.sizeOf(0) + 1000);
  return count;
}

function readStream(bytes: Buffer, firstTransaction: number, dice: Dice): number {
  const stream = new TransactionStream({ firstTransaction, maxEntryBytes: 1 << 20 });
  tolerate(() => {
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + dice.below(8000);
      stream.feed(bytes.subarray(at, at + size));
      at += size;
    }
    stream.end();
  });
  return stream.count;
}

describe('damaged logs', () => {
  it(`damaged logs never lead to anything but transactions, an end or a GraphkeepError (seed ${SEED}, ${rounds} rounds)`, () => {
    const dice = new Dice(SEED);
    const bases = makeBases();
    let transactions = 0;
    for (let round = 0; round < rounds; round++) {
      const base = dice.pick(bases);
      const first = base.readInt32BE(12) + 1;
      // The header stays whole: one wrong byte in it, and nothing is read.
      const body = mutate(base.subarray(16), dice);
      const log = new MemoryLog([Buffer.concat([base.subarray(0, 16), body])]);
      const began = performance.now();
      try {
        const read = readLog(log, dice);
        expect(readWhole(new HeldLog(log.files))).toEqual(readWhole(log));
        // With 1 as the previous transaction, the reader accepts any first id.
        if (first !== 2) expect(readStream(body, first, dice)).toBe(read);
        else readStream(body, first, dice);
        tolerate(() => findRecoveryStart(log));
        tolerate(() => findLastCheckPoint(log));
        transactions += read;
      } catch (error) {
        throw new Error(`seed ${SEED}, round ${round}: ${(error as Error).message}`, { cause: error });
      }
      expect(performance.now() - began).toBeLessThan(MAX_ROUND_MS);
    }
    expect(transactions).toBeGreaterThan(rounds);
  });

  it(`damaged headers and files in a sequence do no harm either (seed ${SEED})`, () => {
    const dice = new Dice(SEED ^ 0x5eed);
    const files = [0, 1, 2].map((version) =>
      readFileSync(new URL(`small-3.5.34/neostore.transaction.db.${version}`, corpus)),
    );
    for (let round = 0; round < rounds / 10; round++) {
      const damaged = files.map((file) => {
        if (dice.below(3) > 0) return file;
        const header = mutate(file.subarray(0, 16), dice);
        return Buffer.concat([header, file.subarray(16, dice.below(4) === 0 ? dice.below(file.length) : undefined)]);
      });
      const log = new MemoryLog(damaged);
      expect(readWhole(new HeldLog(damaged))).toEqual(readWhole(log));
      tolerate(() => findRecoveryStart(log));
    }
  });
});
