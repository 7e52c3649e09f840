import { OutOfBytes } from '../../../base/byte-reader.ts';
import { type ErrorPlace, GraphkeepError } from '../../../base/errors.ts';

/**
 * Thrown by the walkers when the window ends before the entry does: a torn tail, or bytes that have not arrived yet. One shared instance,
 * because it is control flow: no allocation, no stack trace.
 */
export const INCOMPLETE = new OutOfBytes('the window ends inside an entry');

/** Damage at `offset` of the current window; readers convert it to a place in a file or stream. */
export function corruptLog(message: string, offset: number, observed?: string | number | bigint): GraphkeepError {
  return new GraphkeepError('log.corrupt', message, {
    place: { offset },
    ...(observed === undefined ? {} : { observed }),
  });
}

/** The same error with the place as the user knows it: the file, and the offset in the file instead of the window. */
export function relocateError(error: unknown, shift: number, place: Omit<ErrorPlace, 'offset'>): unknown {
  if (!(error instanceof GraphkeepError) || error.place?.offset === undefined || error.place.file !== undefined) {
    return error;
  }
  return new GraphkeepError(error.code, error.message, {
    place: { ...place, offset: error.place.offset + shift },
    hint: error.hint,
    ...(error.observed === undefined ? {} : { observed: error.observed }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  });
}

export function readI32(buffer: Uint8Array, at: number): number {
  return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
}

export function readU16(buffer: Uint8Array, at: number): number {
  return (buffer[at]! << 8) | buffer[at + 1]!;
}

/** A signed 64-bit number that must be exact in a double. */
export function readExactI64(buffer: Uint8Array, at: number): number {
  const high = readI32(buffer, at);
  if (high > 0x1fffff || high < -0x200000) {
    const observed = (BigInt(high) << 32n) | BigInt(readI32(buffer, at + 4) >>> 0);
    throw corruptLog('a 64-bit number is beyond 2^53', at, observed);
  }
  return high * 0x1_0000_0000 + (readI32(buffer, at + 4) >>> 0);
}

/** A record id, never negative. */
export function readRecordId(buffer: Uint8Array, at: number): number {
  const id = readExactI64(buffer, at);
  if (id < 0) throw corruptLog('a record id is negative', at, id);
  return id;
}

/** A reference to another record; -1 = none. */
export function readReference(buffer: Uint8Array, at: number): number {
  const id = readExactI64(buffer, at);
  if (id < -1) throw corruptLog('a reference to a record is negative', at, id);
  return id;
}

/** A copy of the bytes `[from, to)`, as a plain `Uint8Array` whatever `buffer` is. */
export function copyBytes(buffer: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(buffer.subarray(from, to));
}
