import { crc32c } from '@node-rs/crc32';
import type { FileWindow } from '../fields/file-window.ts';
import { readLong } from '../fields/long-numbers.ts';
import { isZero } from '../fields/zeros.ts';

/**
 * A piece of a log of format 10. All numbers are little-endian (spec modern-logs 7).
 *
 * | off | size | field |
 * |---|---|---|
 * | 0 | 4 | CRC-32C of the rest, payload included |
 * | 4 | 1 | type |
 * | 5 | 4 | length of the payload |
 * | 9 | 8 | append index |
 * | 17 | 1 | kernel version |
 * | 18 | 4 | checksum of the previous envelope |
 * | 22 | 8 | term |
 * | 30 | 1 | type of the content |
 */
export interface Envelope {
  readonly type: EnvelopeType;
  readonly checksum: number;
  readonly appendIndex: number;
  readonly kernelVersion: number;
  readonly previousChecksum: number;
  readonly contentType: number;
  /** A view that is valid until the window moves. */
  readonly payload: Buffer;
  /** With its header. */
  readonly sizeBytes: number;
}

export type EnvelopeType = 'full' | 'begin' | 'middle' | 'end' | 'filler';

const types: readonly (EnvelopeType | undefined)[] = [undefined, 'full', 'begin', 'middle', 'end', 'filler'];

const ENVELOPE_HEADER_BYTES = 31;
/** Of a transaction, or a check point, of this server. */
export const LOCAL_CONTENT = 64;
/** So much at the end of a segment may be left empty. */
const MOST_PADDING_BYTES = 39;

/**
 * The envelope at `at`, which is in a segment of `segmentBytes`; `end` if there are only zeros, `unfinished` if the bytes are not (yet) an
 * envelope.
 */
function readEnvelope(window: FileWindow, at: number, segmentBytes: number): Envelope | 'end' | 'unfinished' {
  const left = segmentBytes - (at % segmentBytes);
  const available = window.show(at, ENVELOPE_HEADER_BYTES);
  const { buffer } = window;
  const index = window.indexOf(at);
  const header = buffer.subarray(index, index + Math.min(available, ENVELOPE_HEADER_BYTES));
  // Zeros with something behind them are no end: a part of the file was lost.
  if (isZero(header)) return isZero(buffer.subarray(index, window.length)) ? 'end' : 'unfinished';
  if (header.length < ENVELOPE_HEADER_BYTES) return 'unfinished';
  const type = types[header[4]!];
  const length = header.readInt32LE(5);
  const sizeBytes = ENVELOPE_HEADER_BYTES + length;
  if (type === undefined || length < 0 || sizeBytes > left) return 'unfinished';
  if (window.show(at, sizeBytes) < sizeBytes) return 'unfinished';
  const begin = window.indexOf(at);
  const bytes = buffer.subarray(begin, begin + sizeBytes);
  const checksum = bytes.readUInt32LE(0);
  if (crc32c(bytes.subarray(4)) !== checksum) return 'unfinished';
  return {
    type,
    checksum,
    appendIndex: readLong(bytes, 9, true),
    kernelVersion: bytes[17]!,
    previousChecksum: bytes.readUInt32LE(18),
    contentType: bytes[30]!,
    payload: bytes.subarray(ENVELOPE_HEADER_BYTES),
    sizeBytes,
  };
}

/** What there is from `offset` on, behind the padding at the end of a segment; `at` is where it begins. */
export function nextEnvelope(
  window: FileWindow,
  offset: number,
  segmentBytes: number,
): { at: number; found: Envelope | 'end' | 'unfinished' } {
  const left = segmentBytes - (offset % segmentBytes);
  const at = left <= MOST_PADDING_BYTES && isPadding(window, offset, left) ? offset + left : offset;
  return { at, found: readEnvelope(window, at, segmentBytes) };
}

function isPadding(window: FileWindow, offset: number, length: number): boolean {
  const available = window.show(offset, length);
  const index = window.indexOf(offset);
  return isZero(window.buffer.subarray(index, index + Math.min(available, length)));
}
