import { LOG_HEADER_BYTES } from '../../../src/log/v3/log-header.ts';
import { LogWriter } from '../../../src/log/v3/log-writer.ts';
import { decodeTransaction } from '../../../src/log/v3/transaction-codec.ts';
import { recoverStore } from '../../../src/replay/recovery.ts';
import { type GeneratedHistory, generateHistory } from '../history/generated-history.ts';

/** Transactions 11 to 30 are left to the server, since the first of them changes an explicit index. */
export const PENDING = { first: 11, last: 30 };

/** Appends the transactions `first` to `last`; the first of {@link PENDING} also changes an explicit index. */
export function appendHistory(writer: LogWriter, history: GeneratedHistory, first: number, last: number): void {
  for (const { id, bytes } of history.transactions) {
    if (id < first || id > last) continue;
    const transaction = decodeTransaction(bytes);
    if (id === PENDING.first) {
      transaction.commands.push({ kind: 'indexDefine', names: [{ name: 'people', id: 0 }], keys: [] });
    }
    writer.appendTransaction(transaction);
  }
}

/** Makes a backup whose last transactions are {@link PENDING}. `scratch` is an existing directory. */
export async function makePendingStore(directory: string, scratch: string): Promise<void> {
  const history = await generateHistory(directory, { nodes: 3, transactions: PENDING.last, changes: 2, seed: 3 });
  const stretches = [
    { first: 2, last: PENDING.first - 1 },
    { first: PENDING.first, last: PENDING.last },
  ];
  for (const [version, { first, last }] of stretches.entries()) {
    const writer = LogWriter.create(directory, version, first - 1);
    appendHistory(writer, history, first, last);
    writer.close();
    const start = { version, offset: LOG_HEADER_BYTES };
    await recoverStore(directory, { start, storeIsExact: true, budgetBytes: 1 << 20, scratch });
  }
}
