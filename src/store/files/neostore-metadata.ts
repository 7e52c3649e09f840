import { closeSync, fsyncSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readI64, writeI64 } from '../../base/byte-reader.ts';
import { statIfExists } from '../../base/durable-files.ts';
import { GraphkeepError, hasCode } from '../../base/errors.ts';
import { fileError, isMissing } from '../../base/file-errors.ts';
import { openRegularFile } from '../../base/regular-files.ts';
import { METADATA_FILE } from './store-files.ts';
import type { StoreId } from './store-id.ts';

/** The metadata store `neostore` (spec record-stores 4). Times are milliseconds since the epoch. */
export interface NeostoreMetadata {
  creationTime: number;
  randomId: bigint;
  /** Number of the current log file. */
  logVersion: number;
  lastTransactionId: number;
  storeVersion: bigint;
  /** First property record of the graph itself, -1 = none. */
  firstGraphProperty: number;
  /** Last transaction that changed constraints. */
  lastConstraintTransaction: number;
  /** Transaction id at the last store upgrade, 1 = never upgraded. */
  upgradeTransactionId: number;
  upgradeTime: number;
  lastTransactionChecksum: bigint;
  upgradeTransactionChecksum: bigint;
  lastClosedLogVersion: number;
  /** Offset just after the commit entry of the last closed transaction. */
  lastClosedLogOffset: number;
  lastTransactionCommitTime: number;
  upgradeTransactionCommitTime: number;
}

type Field = keyof NeostoreMetadata;

/** Record number = index. 15 records of 9 bytes: u8 1 = present, i64 value. */
const positions: readonly Field[] = [
  'creationTime',
  'randomId',
  'logVersion',
  'lastTransactionId',
  'storeVersion',
  'firstGraphProperty',
  'lastConstraintTransaction',
  'upgradeTransactionId',
  'upgradeTime',
  'lastTransactionChecksum',
  'upgradeTransactionChecksum',
  'lastClosedLogVersion',
  'lastClosedLogOffset',
  'lastTransactionCommitTime',
  'upgradeTransactionCommitTime',
];

const opaque: ReadonlySet<Field> = new Set([
  'randomId',
  'storeVersion',
  'lastTransactionChecksum',
  'upgradeTransactionChecksum',
]);

/** Values of absent fields other than -1. */
const absent: Partial<Record<Field, number>> = { lastTransactionCommitTime: 1, upgradeTransactionCommitTime: 0 };

/** Bytes of one field on disk. */
export const METADATA_RECORD_BYTES = 9;
export const METADATA_BYTES = positions.length * METADATA_RECORD_BYTES;

/** Number of the record that holds a field. */
export function metadataRecordOf(field: keyof NeostoreMetadata): number {
  return positions.indexOf(field);
}

/** A new `neostore` is created with one whole page. */
const PAGE_BYTES = 8192;

/** All fields of the `neostore` in a directory. Errors as for {@link readMetadata}. */
export function readMetadataIn(directory: string): NeostoreMetadata {
  return readMetadata(join(directory, METADATA_FILE));
}

/** True if the directory has a `neostore`, the file without which no server recognizes it as a database. */
export async function isStoreDirectory(directory: string): Promise<boolean> {
  return (await statIfExists(join(directory, METADATA_FILE)))?.isFile() === true;
}

/** Reads all fields. Throws `store.missing-file`, or `store.corrupt` for a file without a store version. */
export function readMetadata(path: string): NeostoreMetadata {
  const bytes = Buffer.alloc(METADATA_BYTES);
  const fd = openExisting(path);
  try {
    readSync(fd, bytes, 0, METADATA_BYTES, 0);
  } finally {
    closeSync(fd);
  }
  return decodeMetadata(bytes, path);
}

function openExisting(path: string): number {
  try {
    return openRegularFile(path);
  } catch (cause) {
    if (!isMissing(cause)) throw fileError(cause, 'open the metadata store', path);
    throw new GraphkeepError('store.missing-file', 'the metadata store is missing', { place: { file: path }, cause });
  }
}

/** Decodes the first {@link METADATA_BYTES} bytes of the file. Missing bytes read as zeros, that is, as absent fields. */
export function decodeMetadata(bytes: Uint8Array, file?: string): NeostoreMetadata {
  const metadata: Partial<Record<Field, number | bigint>> = {};
  positions.forEach((field, position) => {
    const offset = position * METADATA_RECORD_BYTES;
    const present = bytes.length >= offset + METADATA_RECORD_BYTES && bytes[offset] === 1;
    if (!present && field === 'storeVersion') {
      throw new GraphkeepError('store.corrupt', 'the metadata store has no store version', {
        place: { ...(file === undefined ? {} : { file }), offset },
      });
    }
    if (opaque.has(field)) {
      metadata[field] = present ? readBig(bytes, offset + 1) : -1n;
    } else {
      const value = present ? readI64(bytes, offset + 1) : (absent[field] ?? -1);
      if (!Number.isSafeInteger(value)) {
        throw new GraphkeepError('store.corrupt', `the metadata field ${field} is out of range`, {
          observed: readBig(bytes, offset + 1),
          place: { ...(file === undefined ? {} : { file }), offset },
        });
      }
      metadata[field] = value;
    }
  });
  return metadata as unknown as NeostoreMetadata;
}

/** The whole file, one page, all fields present. */
export function encodeMetadata(metadata: NeostoreMetadata): Buffer {
  const bytes = Buffer.alloc(PAGE_BYTES);
  positions.forEach((field, position) => {
    encodeField(bytes, position * METADATA_RECORD_BYTES, metadata[field]);
  });
  return bytes;
}

/** The bytes of a `neostore` with some fields changed. */
export function withMetadata(bytes: Uint8Array, patch: Partial<NeostoreMetadata>): Buffer {
  const changed = Buffer.alloc(Math.max(bytes.length, METADATA_BYTES));
  changed.set(bytes);
  positions.forEach((field, position) => {
    const value = patch[field];
    if (value !== undefined) encodeField(changed, position * METADATA_RECORD_BYTES, value);
  });
  return changed;
}

/** Changes some fields of the `neostore` in a directory with one positional write and leaves the others as they are. Not durable. */
export function patchMetadataIn(directory: string, patch: Partial<NeostoreMetadata>): void {
  const fd = openRegularFile(join(directory, METADATA_FILE), 'r+');
  try {
    patchMetadataOf(fd, patch);
  } finally {
    closeSync(fd);
  }
}

/** Durable {@link patchMetadataIn}. */
export function patchMetadataDurablyIn(directory: string, patch: Partial<NeostoreMetadata>): void {
  const path = join(directory, METADATA_FILE);
  try {
    const fd = openRegularFile(path, 'r+');
    try {
      patchMetadataOf(fd, patch);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileError(error, 'write the metadata store', path);
  }
}

/** {@link patchMetadataIn} for a file open for reading and writing. */
function patchMetadataOf(fd: number, patch: Partial<NeostoreMetadata>): void {
  const changed = positions
    .map((field, position) => ({ position, value: patch[field] }))
    .filter((c) => c.value !== undefined);
  if (changed.length === 0) return;
  const from = changed[0]!.position * METADATA_RECORD_BYTES;
  const to = (changed.at(-1)!.position + 1) * METADATA_RECORD_BYTES;
  const bytes = Buffer.alloc(METADATA_BYTES);
  readSync(fd, bytes, 0, METADATA_BYTES, 0);
  for (const { position, value } of changed) encodeField(bytes, position * METADATA_RECORD_BYTES, value!);
  const written = writeSync(fd, bytes, from, to - from, from);
  if (written !== to - from) throw new GraphkeepError('file.io', 'a write to the metadata store was cut short');
}

function encodeField(bytes: Buffer, offset: number, value: number | bigint): void {
  bytes[offset] = 1;
  if (typeof value === 'bigint') bytes.writeBigInt64BE(BigInt.asIntN(64, value), offset + 1);
  else writeI64(bytes, offset + 1, value);
}

function readBig(bytes: Uint8Array, offset: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, 8).getBigInt64(0);
}

const storeIdRecords = (
  ['creationTime', 'randomId', 'storeVersion', 'upgradeTransactionId', 'upgradeTime'] satisfies (keyof StoreId)[]
).map(metadataRecordOf);
/** The store id is within this many bytes from the start of the file. */
export const STORE_ID_BYTES = (Math.max(...storeIdRecords) + 1) * METADATA_RECORD_BYTES;

/** The store id in the first {@link STORE_ID_BYTES} bytes of the file; undefined if a part is absent or out of range. */
export function readStoreId(bytes: Uint8Array): StoreId | undefined {
  if (!storeIdRecords.every((record) => bytes[record * METADATA_RECORD_BYTES] === 1)) return undefined;
  try {
    return storeIdOf(decodeMetadata(bytes));
  } catch (error) {
    if (hasCode(error, 'store.corrupt')) return undefined;
    throw error;
  }
}

export function storeIdOf(metadata: NeostoreMetadata): StoreId {
  const { creationTime, randomId, storeVersion, upgradeTime, upgradeTransactionId } = metadata;
  return { creationTime, randomId, storeVersion, upgradeTime, upgradeTransactionId };
}

/** Metadata of a new standalone store without transactions (spec record-stores 14). */
export function newMetadata(storeVersion: bigint, creationTime: number, randomId: bigint): NeostoreMetadata {
  return {
    creationTime,
    randomId,
    logVersion: 0,
    lastTransactionId: 1,
    storeVersion,
    firstGraphProperty: -1,
    lastConstraintTransaction: 0,
    upgradeTransactionId: 1,
    upgradeTime: creationTime,
    lastTransactionChecksum: 0n,
    upgradeTransactionChecksum: 0n,
    lastClosedLogVersion: 0,
    lastClosedLogOffset: 16,
    lastTransactionCommitTime: 0,
    upgradeTransactionCommitTime: 0,
  };
}
