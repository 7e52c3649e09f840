import { BackReferences } from './back-references.ts';
import { CompressedBytes } from './compressed-bytes.ts';

/** Shortest copy. */
const SHORTEST_COPY = 4;

/**
 * Decompresses an LZ4 block to `size` bytes. It is a list of sequences; the last one ends after its literals:
 *
 * | type | field |
 * |---|---|
 * | u8 | token: upper 4 bits = number of literals, lower 4 bits = length of the copy - 4 |
 * | u8* | if the number of literals is 15: more of it, up to the first byte that is not 255 |
 * | | literals |
 * | u16 | distance of the copy |
 * | u8* | if the length of the copy is 15: more of it, likewise |
 */
export function decompressLz4(block: Buffer, size: number): Buffer {
  const input = new CompressedBytes(block);
  const output = new BackReferences(size);
  while (input.remaining > 0) {
    const token = input.u8();
    output.appendLiteral(input.take(readLength(input, token >>> 4)));
    if (input.remaining === 0) break;
    const distance = input.uint(2);
    output.appendCopy(distance, readLength(input, token & 15) + SHORTEST_COPY);
  }
  return output.finish();
}

function readLength(input: CompressedBytes, start: number): number {
  let length = start;
  if (start < 15) return length;
  for (let more = 255; more === 255; length += more) more = input.u8();
  return length;
}
