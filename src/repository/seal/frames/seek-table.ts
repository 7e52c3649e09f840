import { objectError } from '../../object-errors.ts';
import { FRAME_BYTES } from './limits.ts';

/**
 * The table behind the frames of an object (the zstd seekable format), by which single frames are read. Decoders ignore it, because it is
 * in a skippable frame.
 *
 * | bytes | field                                                                          |
 * |-------|--------------------------------------------------------------------------------|
 * | 4     | magic 184D2A5E of a skippable frame                                            |
 * | 4     | size of the rest                                                               |
 * | 8 n   | for each frame: u32 encoded size, u32 content size                             |
 * | 4     | number of frames                                                               |
 * | 1     | descriptor: bit 7 set if there are checksums; no bits are set by graphkeep     |
 * | 4     | magic 8F92EAB1                                                                 |
 *
 * All little-endian.
 */
const HEAD_MAGIC = 0x184d2a5e;
const FOOT_MAGIC = 0x8f92eab1;
const HEAD_BYTES = 8;
const ENTRY_BYTES = 8;
const FOOT_BYTES = 9;

/** Bytes of a table of so many frames. */
export function seekTableBytes(frames: number): number {
  return HEAD_BYTES + frames * ENTRY_BYTES + FOOT_BYTES;
}

/** The most bytes of a table: an object has no more than 17 full frames, and one of the remaining bytes. */
export const MOST_TABLE_BYTES = seekTableBytes(18);

export interface FrameSizes {
  encodedBytes: number;
  contentBytes: number;
}

/** A frame in its object: offsets of its encoded bytes, and of its content in the plain bytes. */
export interface FramePlace extends FrameSizes {
  encodedAt: number;
  contentAt: number;
}

export function encodeSeekTable(frames: readonly FrameSizes[]): Buffer {
  const table = Buffer.alloc(seekTableBytes(frames.length));
  table.writeUInt32LE(HEAD_MAGIC, 0);
  table.writeUInt32LE(table.length - HEAD_BYTES, 4);
  let at = HEAD_BYTES;
  for (const { encodedBytes, contentBytes } of frames) {
    table.writeUInt32LE(encodedBytes, at);
    table.writeUInt32LE(contentBytes, at + 4);
    at += ENTRY_BYTES;
  }
  table.writeUInt32LE(frames.length, at);
  table.writeUInt32LE(FOOT_MAGIC, at + 5);
  return table;
}

/**
 * The frames that a table lists; undefined if there is no table.
 * @param tail the end of the object, at least `MOST_TABLE_BYTES` of it if it has so many
 * @param objectBytes size of the object
 * @throws `repository.object-damaged` if the table contradicts itself or the object, `repository.object-oversized` if a frame is too large
 */
export function readSeekTable(tail: Uint8Array, objectBytes: number, key: string): FramePlace[] | undefined {
  const bytes = Buffer.from(tail.buffer, tail.byteOffset, tail.length);
  if (bytes.length < seekTableBytes(0) || bytes.readUInt32LE(bytes.length - 4) !== FOOT_MAGIC) return undefined;
  const damaged = (message: string, observed: number) =>
    objectError('repository.object-damaged', key, message, { observed });
  const foot = bytes.length - FOOT_BYTES;
  const frames = bytes.readUInt32LE(foot);
  const descriptor = bytes[foot + 4]!;
  if (descriptor !== 0) throw damaged('its seek table has a descriptor that is not known', descriptor);
  const tableBytes = seekTableBytes(frames);
  if (tableBytes > MOST_TABLE_BYTES || tableBytes > bytes.length) {
    throw damaged('its seek table lists more frames than an object has', frames);
  }
  const table = bytes.subarray(bytes.length - tableBytes);
  if (table.readUInt32LE(0) !== HEAD_MAGIC) throw damaged('its seek table has no head', table.readUInt32LE(0));
  if (table.readUInt32LE(4) !== tableBytes - HEAD_BYTES) {
    throw damaged('its seek table has another size than its head says', table.readUInt32LE(4));
  }
  const places: FramePlace[] = [];
  let encodedAt = 0;
  let contentAt = 0;
  for (let i = 0; i < frames; i++) {
    const encodedBytes = table.readUInt32LE(HEAD_BYTES + i * ENTRY_BYTES);
    const contentBytes = table.readUInt32LE(HEAD_BYTES + i * ENTRY_BYTES + 4);
    checkContentSize(contentBytes, encodedAt, key);
    places.push({ encodedBytes, contentBytes, encodedAt, contentAt });
    encodedAt += encodedBytes;
    contentAt += contentBytes;
  }
  if (encodedAt !== objectBytes - tableBytes) {
    throw damaged('the frames of its seek table do not fill the object', encodedAt);
  }
  return places;
}

/** A frame of another size than graphkeep writes could fill the memory. */
export function checkContentSize(contentBytes: number | undefined, offset: number, key: string): void {
  if (contentBytes !== undefined && contentBytes <= FRAME_BYTES) return;
  throw objectError('repository.object-oversized', key, 'a zstd frame does not declare a size of at most 1 MiB', {
    observed: contentBytes ?? 'no size',
    offset,
  });
}
