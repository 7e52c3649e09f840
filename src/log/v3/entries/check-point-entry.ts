import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { LogPosition } from '../../log-position.ts';
import { corruptLog, readExactI64 } from '../fields/log-integer.ts';
import { CHECK_POINT_ENTRY, CURRENT_ENTRY_VERSION_BYTE } from './entry-types.ts';

/**
 * Check point entry (spec transaction-logs 2, 6.2): `version type=7 logVersion:i64 byteOffset:i64`. Everything before that position is in
 * the stores; replay starts at the position, not at the entry.
 */
export const CHECK_POINT_ENTRY_BYTES = 18;

export function decodeCheckPointEntry(buffer: Uint8Array, at: number): LogPosition {
  const position = { version: readExactI64(buffer, at + 2), offset: readExactI64(buffer, at + 10) };
  if (position.version < 0 || position.offset < 0) {
    throw corruptLog('the position of a check point is negative', at, `${position.version}, ${position.offset}`);
  }
  return position;
}

export function encodeCheckPointEntry(writer: ByteWriter, position: LogPosition): void {
  writer.u8(CURRENT_ENTRY_VERSION_BYTE).u8(CHECK_POINT_ENTRY).i64(position.version).i64(position.offset);
}
