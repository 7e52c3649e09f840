import { Dice } from '../../../src/base/dice.ts';
import type { RecordResult } from '../../../src/embedded/records/record-transaction.ts';
import { RecordTransaction } from '../../../src/embedded/records/record-transaction.ts';
import { type StoreKey, storeFiles } from '../../../src/store/files/store-files.ts';
import type { RecordOf } from '../../../src/store/graph/store-reader.ts';
import type { DynamicRecord } from '../../../src/store/records/dynamic-record.ts';
import { checkCommands } from '../commands/command-check.ts';
import type { MemoryStore } from './memory-store.ts';
import { RecordMemory } from './record-memory.ts';

/** Empty records with the sizes of an empty store; free ids are often reused. */
export function recordsLike(memory: MemoryStore, denseThreshold: number, seed: number): RecordMemory {
  const dice = new Dice(seed);
  const dynamics = storeFiles.filter(({ kind }) => kind === 'dynamic').map(({ key }) => key);
  const dataBytes = Object.fromEntries(
    dynamics.map((key) => [key, memory.codec(key).size - memory.format.dynamicHeaderBytes]),
  );
  const pickFree = (free: readonly number[]) => (free.length > 0 && dice.chance(0.7) ? dice.pick(free) : undefined);
  return new RecordMemory({ denseThreshold, dataBytes, pickFree });
}

/** One transaction on the records, with its commands checked. */
export function changeRecords(records: RecordMemory, work: (tx: RecordTransaction) => void): RecordResult {
  const tx = new RecordTransaction(records, records);
  work(tx);
  const result = tx.finish();
  checkCommands(result, records);
  records.commit(result);
  return result;
}

/**
 * The records of a store; unused ids are free. Schema records that belong to no rule are left out: a server leaves one when it changes a
 * rule (spec transaction-logs 3.8).
 */
export function loadRecords(memory: MemoryStore, denseThreshold: number, seed: number): RecordMemory {
  const records = recordsLike(memory, denseThreshold, seed);
  const ofRules = recordsOfRules(memory);
  for (const { key } of storeFiles) {
    let endId = 0;
    for (let id = memory.firstId(key); id < memory.endId(key); id++) {
      const record = memory.record(key, id);
      if (!record.inUse || (key === 'schema' && !ofRules.has(id))) continue;
      records.load(key, copyBytes(record) as unknown as RecordOf[StoreKey]);
      endId = id + 1;
    }
    records.endLoading(key, endId);
  }
  records.firstGraphProperty = memory.metadata.firstGraphProperty;
  return records;
}

/** The files of the store change later. */
function copyBytes(record: object): object {
  const copy = ([name, value]: [string, unknown]) => [
    name,
    value instanceof Uint8Array ? Uint8Array.from(value) : value,
  ];
  return Object.fromEntries(Object.entries(record).map(copy));
}

/** Ids of the schema records in the chain of a rule. */
function recordsOfRules(memory: MemoryStore): Set<number> {
  const records = Array.from({ length: memory.endId('schema') }, (_, id) => memory.record('schema', id));
  const chained = records.map((record) => record as unknown as DynamicRecord);
  const ids = new Set<number>();
  for (const { id: first } of chained.filter((record) => record.inUse && record.first && record.id > 0)) {
    for (let id = first; id >= 0; id = chained[id]!.next) ids.add(id);
  }
  return ids;
}
