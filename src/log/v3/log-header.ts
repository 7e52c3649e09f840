import { writeI64 } from '../../base/byte-reader.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../log-position.ts';
import type { LogSource } from '../log-source.ts';
import { corruptLog, readExactI64, readI32, readU16, relocateError } from './fields/log-integer.ts';
import { isLostWhole } from './lost-bytes.ts';

/**
 * Header of a log file (spec transaction-logs 1)
 *
 * | off | size | field |
 * |---|---|---|
 * | 0 | 1 | log format, 6 |
 * | 1 | 7 | log version, unsigned, the number in the file name |
 * | 8 | 8 | id of the last transaction before this file |
 */
export interface LogHeader {
  version: number;
  /** Id of the last transaction before this file; 1 = nothing was ever committed. */
  previousTransaction: number;
}

export const LOG_HEADER_BYTES = 16;
/** The first byte of a file. */
export const LOG_FORMAT = 6;

/** The position of the first transaction in a file. */
export function beginningOf(version: number): LogPosition {
  return { version, offset: LOG_HEADER_BYTES };
}

/** "Nothing was ever committed"; the first transaction has id 2. */
export const BASE_TRANSACTION = 1;

export function encodeLogHeader(header: LogHeader): Buffer {
  const bytes = Buffer.alloc(LOG_HEADER_BYTES);
  writeI64(bytes, 0, header.version);
  bytes[0] = LOG_FORMAT;
  writeI64(bytes, 8, header.previousTransaction);
  return bytes;
}

/**
 * Decodes the header of `file`. Undefined if the header is missing or short: the file is not there yet. Throws `log.corrupt` for another
 * log format or a version other than `expectedVersion` (the server refuses such a file too).
 */
export function decodeLogHeader(bytes: Uint8Array, file: string, expectedVersion?: number): LogHeader | undefined {
  if (bytes.length < LOG_HEADER_BYTES) return undefined;
  const format = bytes[0]!;
  if (format !== LOG_FORMAT) {
    throw new GraphkeepError('log.corrupt', `the log format is not ${LOG_FORMAT}`, {
      place: { file, offset: 0 },
      observed: format,
    });
  }
  const version = (((bytes[1]! << 16) | readU16(bytes, 2)) >>> 0) * 0x1_0000_0000 + (readI32(bytes, 4) >>> 0);
  if (version !== (expectedVersion ?? version) || !Number.isSafeInteger(version)) {
    throw new GraphkeepError('log.corrupt', 'the version in the log header is not the one of the file name', {
      place: { file, offset: 0 },
      observed: version,
    });
  }
  return { version, previousTransaction: readPreviousTransaction(bytes, file) };
}

/**
 * The header of a log file. Undefined while the file is missing or shorter than a header (spec transaction-logs 1), or if a power failure
 * has left only zeros.
 */
export function readLogHeader(source: LogSource, version: number): LogHeader | undefined {
  if (source.sizeOf(version) < LOG_HEADER_BYTES) return undefined;
  const bytes = Buffer.alloc(LOG_HEADER_BYTES);
  const count = source.read(version, bytes, 0, LOG_HEADER_BYTES, 0);
  if (bytes[0] === 0 && isLostWhole(source, version)) return undefined;
  return decodeLogHeader(bytes.subarray(0, count), source.nameOf(version), version);
}

function readPreviousTransaction(bytes: Uint8Array, file: string): number {
  try {
    const id = readExactI64(bytes, 8);
    if (id < 0) throw corruptLog('the previous transaction in the log header is negative', 8, id);
    return id;
  } catch (error) {
    throw relocateError(error, 0, { file });
  }
}
