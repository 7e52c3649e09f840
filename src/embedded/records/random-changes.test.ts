import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GraphChange, GraphModel, graphHistory } from '../../../test/support/history/graph-changes.ts';
import { writeHistoryLog } from '../../../test/support/history/history-log.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { differences, MemoryStore } from '../../../test/support/stores/memory-store.ts';
import type { RecordMemory } from '../../../test/support/stores/record-memory.ts';
import { changeRecords, recordsLike } from '../../../test/support/stores/record-run.ts';
import { countGraph, type WalkedGraph, walkRecords } from '../../../test/support/stores/record-walker.ts';
import { Dice } from '../../base/dice.ts';
import type { LogCommand } from '../../log/v3/commands/command-table.ts';
import { findRecoveryStart } from '../../log/v3/recovery-start.ts';
import { type DecodedTransaction, decodeTransaction, encodeTransaction } from '../../log/v3/transaction-codec.ts';
import { recoverStore } from '../../replay/recovery.ts';
import { StoreWriter } from '../../store/build/store-writer.ts';
import { Counts, encodeCounts } from '../../store/counts/counts-store.ts';
import { recountStore } from '../../store/counts/recount.ts';
import { type StoreKey, storeFiles } from '../../store/files/store-files.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import type { RecordResult } from './record-transaction.ts';

const RUNS = campaign.rounds(150);
const RECOVERIES = campaign.rounds(40);
const TIMEOUT_MS = 240_000;
const TIME_MS = 1_500_000_000_000;
/** Blocks so small that values need chains, and the usual ones. */
const SIZES = [{ nodeLabels: 24, propertyStrings: 40, propertyArrays: 40 }, {}];
/** In memory where possible: recovery forces every file. */
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'graphkeep-changes-'));
const empty: MemoryStore[] = [];

beforeAll(async () => {
  for (const [i, recordSizes] of SIZES.entries()) {
    const path = join(folder, `${i}`);
    await new StoreWriter(path, { recordSizes, creationTimeMs: 1, randomId: 2n }).finish();
    empty.push(MemoryStore.load(path));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const plans = fc.record({
  history: graphHistory,
  denseThreshold: fc.constantFrom(1, 2, 5, 50),
  sizes: fc.nat(SIZES.length - 1),
  seed: fc.integer(),
});

test(
  'after every transaction the records follow all rules, the commands lead to them, and the graph equals the model',
  () => {
    let dense = 0;
    const property = fc.property(plans, ({ history, denseThreshold, sizes, seed }) => {
      const run = new Run(empty[sizes]!.clone(), denseThreshold, seed);
      for (const changes of history) run.commit(changes);
      run.checkAllRecords();
      dense += run.denseNodes;
    });
    fc.assert(property, { numRuns: RUNS });
    // Of a few runs, luck decides.
    expect(dense).toBeGreaterThan(campaign.size(RUNS / 4, 0));
  },
  TIMEOUT_MS,
);

test(
  'recovery from a log of the commands gives the same store',
  async () => {
    let runs = 0;
    const property = fc.asyncProperty(plans, async ({ history, denseThreshold, sizes, seed }) => {
      const run = new Run(empty[sizes]!.clone(), denseThreshold, seed);
      for (const changes of history) run.commit(changes);
      // Another history is drawn for one that changes nothing.
      fc.pre(run.transactions.length > 0);
      const path = join(folder, `recovered-${runs++}`);
      mkdirSync(join(path, 'scratch'), { recursive: true });
      empty[sizes]!.write(path);
      await writeHistoryLog(path, run.transactions, new Dice(seed), -1);
      const start = findRecoveryStart(path).position!;
      await recoverStore(path, { start, storeIsExact: true, budgetBytes: 64 << 20, scratch: join(path, 'scratch') });
      await run.checkStore(path);
      rmSync(path, { recursive: true });
    });
    await fc.assert(property, { numRuns: RECOVERIES });
    expect(runs).toBe(RECOVERIES);
  },
  TIMEOUT_MS,
);

/** A history of an in-memory view, and the stores to which its commands are applied one by one. */
class Run {
  denseNodes = 0;
  readonly transactions: DecodedTransaction[] = [];
  private readonly records: RecordMemory;
  private readonly memory: MemoryStore;
  private readonly model: GraphModel;
  private readonly counts = new Counts();

  constructor(memory: MemoryStore, denseThreshold: number, seed: number) {
    this.memory = memory;
    this.records = recordsLike(memory, denseThreshold, seed);
    this.model = new GraphModel(this.records);
  }

  commit(changes: readonly GraphChange[]): void {
    const result = changeRecords(this.records, (tx) => {
      for (const change of changes) this.model.make(change, tx);
    });
    expect(result.commands.length === 0).toBe(result.records.size === 0);
    if (result.commands.length > 0) this.apply(result);
    this.checkGraph();
  }

  private apply({ commands, records, firstGraphProperty }: RecordResult): void {
    const transactionId = 2 + this.transactions.length;
    const transaction: DecodedTransaction = {
      start: {
        masterId: -1,
        authorId: -1,
        timeStarted: TIME_MS,
        latestCommittedWhenStarted: transactionId - 1,
        header: Buffer.alloc(8),
      },
      commands,
      commit: { transactionId, timeCommitted: TIME_MS },
    };
    this.transactions.push(transaction);
    this.memory.apply(checkRoundTrip(transaction));
    for (const [key, changed] of records) for (const id of changed.keys()) this.checkRecord(key, id);
    expect(this.memory.metadata.firstGraphProperty).toBe(firstGraphProperty);
    for (const command of commands) countCommand(this.counts, command);
  }

  /** The closed store must hold the same records, and its counts must match its graph. */
  async checkStore(path: string): Promise<void> {
    const recovered = MemoryStore.load(path);
    expect(differences(recovered, this.memory)).toEqual([]);
    expect(recovered.metadata.firstGraphProperty).toBe(this.records.firstGraphProperty);
    const reader = new StoreReader(path);
    const recount = await recountStore(reader);
    reader.close();
    expect(encodeCounts(recovered.counts).equals(encodeCounts(recount))).toBe(true);
  }

  checkAllRecords(): void {
    for (const { key } of storeFiles) {
      const end = Math.max(this.memory.endId(key), (this.records.all(key).at(-1)?.id ?? 0) + 1);
      for (let id = this.memory.firstId(key); id < end; id++) this.checkRecord(key, id);
    }
  }

  /** The record made by the commands must be the one that the transaction announced. */
  private checkRecord(key: StoreKey, id: number): void {
    const [actual, expected] = [this.memory.record(key, id), this.records.read(key, id)];
    if (expected === undefined && !actual.inUse) return;
    if (expected === undefined) expect.fail(`${key} ${id} is in use`);
    else expect(comparable(actual), `${key} ${id}`).toEqual(comparable(expected));
  }

  private checkGraph(): void {
    const { denseNodes, ...graph } = walkRecords(this.records);
    const { nodes, relationships, graphProperties, rules, tokens } = this.model;
    const expected: Omit<WalkedGraph, 'denseNodes'> = { nodes, relationships, graphProperties, rules, tokens };
    expect(graph).toEqual(expected);
    const recount = countGraph(graph);
    expect(this.counts.nodes).toEqual(recount.nodes);
    expect(this.counts.relationships).toEqual(recount.relationships);
    this.denseNodes += denseNodes;
  }
}

function comparable(record: object): unknown {
  const { data, blocks, blockCount, ...fields } = record as Record<string, unknown>;
  if (data instanceof Uint8Array) return { ...fields, data: Buffer.from(data).toString('hex') };
  if (!(blocks instanceof Uint8Array)) return fields;
  return { ...fields, blockCount, blocks: Buffer.from(blocks.subarray(0, 8 * Number(blockCount))).toString('hex') };
}

/** Encodes to log bytes and decodes again: nothing may be lost. */
function checkRoundTrip(transaction: DecodedTransaction): DecodedTransaction {
  const bytes = encodeTransaction(transaction).toBuffer();
  const decoded = decodeTransaction(bytes);
  expect(toText(decoded.commands)).toBe(toText(transaction.commands));
  return decoded;
}

function toText(commands: readonly LogCommand[]): string {
  return JSON.stringify(commands, (_name, value) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    // A Buffer has already been converted by its own toJSON.
    return value?.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value;
  });
}

function countCommand(counts: Counts, command: LogCommand): void {
  if (command.kind === 'nodeCounts') counts.addNodes(command.label, command.delta);
  if (command.kind === 'relationshipCounts') {
    counts.addRelationships(command.startLabel, command.type, command.endLabel, command.delta);
  }
}
