import { join } from 'node:path';
import type { DynamicRecord } from '../store/dynamic-record.ts';
import type { RecordCodec } from '../store/record-codec.ts';
import { readHeader } from '../store/record-file.ts';
import { type StoreKey, storeFile } from '../store/store-files.ts';
import type { StoreFormat } from '../store/store-format.ts';

/** The codec of a dynamic store, which says its record size in its first four bytes (record-stores spec 3). */
export function dynamicCodecOf(folder: string, key: StoreKey, format: StoreFormat): RecordCodec<DynamicRecord> {
  return format.dynamic(readHeader(join(folder, storeFile(key).fileName)));
}
