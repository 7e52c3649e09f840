import { Dice } from '../../src/base/dice.ts';
import type { RecordResult } from '../../src/embedded/records/record-transaction.ts';
import { RecordTransaction } from '../../src/embedded/records/record-transaction.ts';
import { storeFiles } from '../../src/store/store-files.ts';
import { checkCommands } from './command-check.ts';
import type { MemoryStore } from './memory-store.ts';
import { RecordMemory } from './record-memory.ts';

/** Empty records with the sizes of an empty store; ids that are free again are often taken again. */
export function recordsLike(memory: MemoryStore, denseThreshold: number, seed: number): RecordMemory {
  const dice = new Dice(seed);
  const dynamics = storeFiles.filter(({ kind }) => kind === 'dynamic').map(({ key }) => key);
  const dataBytes = Object.fromEntries(
    dynamics.map((key) => [key, memory.codec(key).size - memory.format.dynamicHeaderBytes]),
  );
  const pickFree = (free: readonly number[]) => (free.length > 0 && dice.chance(0.7) ? dice.pick(free) : undefined);
  return new RecordMemory({ denseThreshold, dataBytes, pickFree });
}

/** One transaction of the records, with its commands checked. */
export function changeRecords(records: RecordMemory, work: (tx: RecordTransaction) => void): RecordResult {
  const tx = new RecordTransaction(records, records);
  work(tx);
  const result = tx.finish();
  checkCommands(result, records);
  records.commit(result);
  return result;
}
