import { closeSync, openSync, writeSync } from 'node:fs';
import type { StoreKey } from '../../../src/store/files/store-files.ts';
import { type RecordOf, StoreReader } from '../../../src/store/graph/store-reader.ts';

/** Changes some fields of a record in its file, as no server would. */
export function editRecord<K extends StoreKey>(
  directory: string,
  key: K,
  id: number,
  change: Partial<RecordOf[K]>,
): void {
  const reader = new StoreReader(directory);
  try {
    const file = reader.file(key);
    const record = file.readRecord(id, file.codec.create());
    if (record === undefined) throw new Error(`there is no ${key} ${id}`);
    const bytes = Buffer.alloc(file.codec.size);
    file.codec.encode(Object.assign(record, change), bytes, 0);
    const fd = openSync(file.path, 'r+');
    writeSync(fd, bytes, 0, bytes.length, id * bytes.length);
    closeSync(fd);
  } finally {
    reader.close();
  }
}
