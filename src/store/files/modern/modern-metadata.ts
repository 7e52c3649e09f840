import { join } from 'node:path';
import { readI64 } from '../../../base/byte-reader.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { isMissing } from '../../../base/file-errors.ts';
import { readRegularFile } from '../../../base/regular-files.ts';
import { METADATA_FILE } from '../store-files.ts';
import { decodeStoreIdentity } from './store-identity.ts';

/** What `neostore` of 4.2 or later says about a database (spec modern-stores 1). */
export interface ModernMetadata {
  /** `4`: rewritten at each check point; `5`: never changed while the server runs. */
  readonly layout: 4 | 5;
  readonly creationTime: number;
  readonly randomId: bigint;
  /** For example `AF4.3.0`, `record-aligned-1.1`. */
  readonly format: string;
  /** The bytes that the headers of its logs, and its check points, have as store id. */
  readonly storeId: Buffer;
  /** The last transaction at the last check point; undefined since 5.0, where only the log knows. */
  readonly lastTransaction: number | undefined;
}

/** Each record is `u8 1 = there | 8 bytes`. */
const RECORD_BYTES = 9;

/** Records of 4.x. */
const CREATION_TIME = 0;
const RANDOM_ID = 1;
const LAST_TRANSACTION = 3;
const STORE_VERSION = 4;
const UPGRADE_TRANSACTION = 7;
const UPGRADE_TIME = 8;

/** In the place of the store version since 5.0. */
const SINCE_5 = Buffer.from('cf1bbcdcb7a56463', 'hex');
/** Records with the store id since 5.0. */
const FIRST_STORE_ID = 5;
const STORE_ID_RECORDS = 8;

/**
 * Reads the metadata of the database in a directory. Undefined if it is of a release before 4.
 * @throws GraphkeepError `store.missing-file`, `store.corrupt`, `file.io`
 */
export function readModernMetadata(directory: string): ModernMetadata | undefined {
  const path = join(directory, METADATA_FILE);
  const records = new Records(readMetadataFile(path), path);
  return records.bytes(STORE_VERSION).equals(SINCE_5) ? metadataOf5(records) : metadataOf4(records);
}

function readMetadataFile(path: string): Buffer {
  try {
    return readRegularFile(path);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new GraphkeepError('store.missing-file', 'the metadata store is missing', { place: { file: path }, cause });
  }
}

class Records {
  private readonly content: Buffer;
  private readonly path: string;

  constructor(content: Buffer, path: string) {
    this.content = content;
    this.path = path;
  }

  bytes(record: number): Buffer {
    const at = record * RECORD_BYTES;
    if (this.content.length < at + RECORD_BYTES || this.content[at] !== 1) {
      throw this.corrupt(`the metadata store has no record ${record}`, at);
    }
    return this.content.subarray(at + 1, at + RECORD_BYTES);
  }

  number(record: number): number {
    const value = readI64(this.bytes(record), 0);
    if (!Number.isSafeInteger(value))
      throw this.corrupt(`record ${record} of the metadata store is out of range`, record * RECORD_BYTES);
    return value;
  }

  corrupt(message: string, offset: number): GraphkeepError {
    return new GraphkeepError('store.corrupt', message, { place: { file: this.path, offset } });
  }
}

function metadataOf4(records: Records): ModernMetadata | undefined {
  const parts = [CREATION_TIME, RANDOM_ID, STORE_VERSION, UPGRADE_TIME, UPGRADE_TRANSACTION];
  const storeId = Buffer.concat(parts.map((record) => records.bytes(record)));
  const identity = decodeStoreIdentity(storeId);
  if (identity === undefined || !/^[A-Z]{2}4\./.test(identity.format)) return undefined;
  return {
    layout: 4,
    creationTime: records.number(CREATION_TIME),
    randomId: identity.id.randomId,
    format: identity.format,
    storeId,
    lastTransaction: records.number(LAST_TRANSACTION),
  };
}

function metadataOf5(records: Records): ModernMetadata {
  const range = Array.from({ length: STORE_ID_RECORDS }, (_, index) => FIRST_STORE_ID + index);
  const storeId = Buffer.concat(range.map((record) => records.bytes(record)));
  const identity = decodeStoreIdentity(storeId);
  if (identity === undefined) {
    throw records.corrupt('the store id in the metadata store cannot be read', FIRST_STORE_ID * RECORD_BYTES);
  }
  const { id, format } = identity;
  const { creationTime, randomId } = id;
  return { layout: 5, creationTime, randomId, format, storeId, lastTransaction: undefined };
}
