import { damaged } from './back-references.ts';
import type { BlockFormat } from './block-stream.ts';
import { MAX_BLOCK_DATA } from './compression-limits.ts';
import { decompressSnappy } from './snappy-block.ts';
import { cutUnambiguously, maskedChecksum, maskedSignedChecksum } from './snappy-checksum.ts';

const HEAD_BYTES = 4;
const CHECKSUM_BYTES = 4;

const COMPRESSED = 0x00;
const UNCOMPRESSED = 0x01;
/** Chunk types from here on may be skipped, except the identifier. */
const SKIPPABLE = 0x80;
const IDENTIFIER = 0xff;

const identifierText = 'sNaPpY';
const identifier = Buffer.from([IDENTIFIER, identifierText.length, 0, 0, ...Buffer.from(identifierText, 'latin1')]);

const nothing = Buffer.alloc(0);

/**
 * The Snappy framing format: chunks of
 *
 * | type | field |
 * |---|---|
 * | u8 | 0xff identifier, 0 compressed, 1 uncompressed, 0x80 to 0xfe skippable |
 * | u24 | bytes that follow; little-endian, as the checksum |
 * | u32 | masked CRC-32C of the data; only of types 0 and 1 |
 * | | data |
 *
 * The stream begins with the identifier. Checksums are verified whatever the negotiated name (spec catchup-protocol 6); those of old Java
 * clients are accepted.
 */
export class SnappyFormat implements BlockFormat {
  readonly headBytes = HEAD_BYTES;
  private isIdentified = false;

  bodySize(head: Buffer): number {
    const type = head[0]!;
    const size = head.readUIntLE(1, 3);
    if (type === IDENTIFIER ? size !== identifierText.length : !this.isIdentified) {
      throw damaged('the client compresses its requests in another format', `${head.toString('hex')} at the beginning`);
    }
    // Longest form of a block that does not compress.
    const most = CHECKSUM_BYTES + MAX_BLOCK_DATA + MAX_BLOCK_DATA / 6 + 32;
    if (size > most) throw damaged('a compressed request is far too long', `${size} bytes`);
    if (type < SKIPPABLE && (type > UNCOMPRESSED || size < CHECKSUM_BYTES)) {
      throw damaged('a compressed request is in an unknown format', `type ${type}, ${size} bytes`);
    }
    return size;
  }

  decode(head: Buffer, body: Buffer): Buffer {
    const type = head[0]!;
    if (type === IDENTIFIER) {
      if (body.toString('latin1') !== identifierText) {
        throw damaged('the client compresses its requests in another format', body.toString('hex'));
      }
      this.isIdentified = true;
    }
    if (type >= SKIPPABLE) return nothing;
    const content = body.subarray(CHECKSUM_BYTES);
    const data = type === COMPRESSED ? decompressSnappy(content, MAX_BLOCK_DATA) : content;
    const checksum = body.readUInt32LE(0);
    if (maskedChecksum(data) !== checksum && maskedSignedChecksum(data) !== checksum) {
      throw damaged('a compressed request has a wrong checksum', body.toString('hex', 0, CHECKSUM_BYTES));
    }
    return data;
  }
}

/** Encodes requests as uncompressed chunks; compression would not make small ones smaller. */
export class SnappyEncoder {
  private hasBegun = false;

  encode(bytes: Buffer): Buffer {
    const parts: Buffer[] = this.hasBegun ? [] : [identifier];
    this.hasBegun = true;
    for (const data of cutUnambiguously(bytes)) {
      if (data.length > MAX_BLOCK_DATA) throw new RangeError('a request is never so long');
      const head = Buffer.alloc(HEAD_BYTES + CHECKSUM_BYTES, UNCOMPRESSED);
      head.writeUIntLE(CHECKSUM_BYTES + data.length, 1, 3);
      head.writeUInt32LE(maskedChecksum(data), HEAD_BYTES);
      parts.push(head, data);
    }
    return Buffer.concat(parts);
  }
}
