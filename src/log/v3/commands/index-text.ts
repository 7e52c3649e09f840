import { isUtf8 } from 'node:buffer';
import type { ByteWriter } from '../../../base/byte-writer.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { corruptLog, INCOMPLETE, readU16 } from '../fields/log-integer.ts';

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function decodeText(buffer: Uint8Array, at: number, end: number): string {
  const bytes = buffer.subarray(at, end);
  if (!isUtf8(bytes)) throw corruptLog('a text is not UTF-8', at);
  return utf8.decode(bytes);
}

/** Text with a 2-byte length: names, keys and configuration of explicit indexes (spec transaction-logs 3.10). */
export function skipShortText(buffer: Uint8Array, at: number, end: number): number {
  if (at + 2 > end) throw INCOMPLETE;
  const next = at + 2 + readU16(buffer, at);
  if (next > end) throw INCOMPLETE;
  return next;
}

export function decodeShortText(buffer: Uint8Array, at: number): string {
  return decodeText(buffer, at + 2, at + 2 + readU16(buffer, at));
}

export function encodeShortText(writer: ByteWriter, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > 0x7fff) {
    throw new GraphkeepError('internal', 'a name or setting of an explicit index is longer than 32767 bytes', {
      observed: bytes.length,
    });
  }
  writer.u16(bytes.length).bytes(bytes);
}
