import { BackReferences, damaged } from './back-references.ts';
import { CompressedBytes } from './compressed-bytes.ts';

/**
 * Decompresses a Snappy block of at most `maxBytes`. After the length (varint) come elements; the two lowest bits of a tag give the kind:
 *
 * | bits | element | length | distance |
 * |---|---|---|---|
 * | 0 | literal | upper 6 bits + 1; 60 to 63: that - 59 bytes follow with the length - 1 | |
 * | 1 | copy | bits 2-4 + 4 | bits 5-7 are its upper bits, 1 byte follows |
 * | 2 | copy | upper 6 bits + 1 | 2 bytes follow |
 * | 3 | copy | upper 6 bits + 1 | 4 bytes follow |
 */
export function decompressSnappy(block: Buffer, maxBytes: number): Buffer {
  const input = new CompressedBytes(block);
  const size = readVarint(input);
  if (size > maxBytes) throw damaged('a compressed request is far too long', `${size} bytes`);
  const output = new BackReferences(size);
  while (input.remaining > 0) {
    const tag = input.u8();
    const upper = tag >>> 2;
    switch (tag & 3) {
      case 0:
        output.appendLiteral(input.take(1 + (upper < 60 ? upper : input.uint(upper - 59))));
        break;
      case 1:
        output.appendCopy(((tag >>> 5) << 8) | input.u8(), 4 + (upper & 7));
        break;
      default:
        output.appendCopy(input.uint((tag & 3) === 2 ? 2 : 4), 1 + upper);
    }
  }
  return output.finish();
}

/** At most 5 bytes of 7 bits each, lowest first. */
function readVarint(input: CompressedBytes): number {
  let value = 0;
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    const byte = input.u8();
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw damaged('a compressed request has an impossible length', `more than ${value} bytes`);
}
