import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { LogReader } from '../../log/v3/log-reader.ts';
import { LABEL_SCAN_FILE } from '../../store/files/store-files.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';
import { LabelRemovals } from '../database/label-removals.ts';
import { NamedStoreWriter } from './named-stores.ts';
import type { PinnedLog } from './pinned-log.ts';

const BYTES_PER_TURN = 4 * 1024 * 1024;

/**
 * Prepares private copies for a client that applies the log from its check point on: names and schema rules are brought to the end of the
 * log, and the label scan store gets the entries that the client must find.
 */
export async function prepareForReplay(
  folder: string,
  format: StoreFormat,
  log: PinnedLog,
  signal: AbortSignal,
): Promise<void> {
  const removals = new LabelRemovals();
  const stores = new NamedStoreWriter(folder, format);
  const files = log.share();
  try {
    const reader = new LogReader(files, { from: log.start.position });
    let read = 0;
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      if (item.kind !== 'transaction') continue;
      stores.apply(item.buffer, item.start, item.end);
      removals.take(item.buffer, item.start, item.end);
      read += item.end - item.start;
      if (read < BYTES_PER_TURN) continue;
      read = 0;
      await setImmediate();
      throwIfCancelled(signal);
    }
    stores.writeBack();
  } finally {
    files.close();
    stores.close();
  }
  await removals.prepare(join(folder, LABEL_SCAN_FILE), signal);
}
