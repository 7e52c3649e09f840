import { damaged } from './back-references.ts';
import type { BlockFormat } from './block-stream.ts';
import { MAX_BLOCK_DATA } from './compression-limits.ts';
import { decompressLz4 } from './lz4-block.ts';
import { xxHash32 } from './xxhash32.ts';

const magic = Buffer.from('LZ4Block', 'latin1');
const HEAD_BYTES = magic.length + 1 + 4 + 4 + 4;

const RAW = 0x10;
const LZ4 = 0x20;
/** Lower bits of the token: a block holds at most 64 KiB. */
const LEVEL = 6;

const SEED = 0x9747b28c;
const CHECKSUM_MASK = 0x0fff_ffff;

/**
 * The block stream of the Java library for LZ4 (spec catchup-protocol 6), little-endian:
 *
 * | offset | type | field |
 * |---|---|---|
 * | 0 | | `LZ4Block` |
 * | 8 | u8 | 0x10 raw or 0x20 LZ4; lower 4 bits: block size |
 * | 9 | u32 | bytes that follow |
 * | 13 | u32 | bytes of the data; 0 = end of the stream |
 * | 17 | u32 | xxHash32 of the data, 28 bits; 0 at the end |
 *
 * Checksums are verified whatever the negotiated name: the Java client always sends them.
 */
export class Lz4Format implements BlockFormat {
  readonly headBytes = HEAD_BYTES;
  private hasEnded = false;

  bodySize(head: Buffer): number {
    const { method, size, dataSize } = readHead(head);
    const isKnown = head.subarray(0, magic.length).equals(magic) && (method === RAW || method === LZ4);
    if (!isKnown || this.hasEnded) {
      throw damaged('the client compresses its requests in another format', head.toString('hex'));
    }
    // Compressed data are never longer than raw data, which would then be sent raw.
    if (size > MAX_BLOCK_DATA || dataSize > MAX_BLOCK_DATA) {
      throw damaged('a compressed request is far too long', `${size} for ${dataSize} bytes`);
    }
    if (method === RAW ? size !== dataSize : (size === 0) !== (dataSize === 0)) {
      throw damaged('a compressed request has an impossible length', `${size} for ${dataSize} bytes`);
    }
    this.hasEnded = dataSize === 0;
    return size;
  }

  decode(head: Buffer, body: Buffer): Buffer {
    const { method, dataSize, checksum } = readHead(head);
    if (this.hasEnded) return body;
    const data = method === RAW ? body : decompressLz4(body, dataSize);
    if (maskedChecksum(data) !== checksum) {
      throw damaged('a compressed request has a wrong checksum', checksum.toString(16));
    }
    return data;
  }
}

function readHead(head: Buffer): { method: number; size: number; dataSize: number; checksum: number } {
  return {
    method: head[8]! & 0xf0,
    size: head.readUInt32LE(9),
    dataSize: head.readUInt32LE(13),
    checksum: head.readUInt32LE(17),
  };
}

/** Encodes requests as raw blocks; compression would not make small ones smaller. */
export function encodeLz4(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += MAX_BLOCK_DATA) {
    const data = bytes.subarray(at, at + MAX_BLOCK_DATA);
    const head = Buffer.alloc(HEAD_BYTES);
    magic.copy(head);
    head[8] = RAW | LEVEL;
    head.writeUInt32LE(data.length, 9);
    head.writeUInt32LE(data.length, 13);
    head.writeUInt32LE(maskedChecksum(data), 17);
    parts.push(head, data);
  }
  return Buffer.concat(parts);
}

function maskedChecksum(data: Buffer): number {
  return xxHash32(data, SEED) & CHECKSUM_MASK;
}
