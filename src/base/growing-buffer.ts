/**
 * Room for `needed` bytes, at most `most`, that begins with the first `used` bytes of `buffer`. Doubles, so that a buffer for large things
 * costs little where only small ones come. Larger ones are allocated outside of the pool; bytes after `used` are not cleared.
 */
export function growBuffer(buffer: Buffer, used: number, needed: number, most: number): Buffer {
  if (needed <= buffer.length) return buffer;
  if (needed > most) throw new RangeError(`${needed} bytes are more than a buffer of ${most} bytes holds`);
  const grown = Buffer.allocUnsafeSlow(Math.min(most, Math.max(needed, 2 * buffer.length)));
  buffer.copy(grown, 0, 0, used);
  return grown;
}

/** With how many bytes a buffer begins that may have to grow up to `most`. */
export function allocateFirst(most: number): Buffer {
  return Buffer.allocUnsafeSlow(Math.min(most, FIRST_BYTES));
}

const FIRST_BYTES = 16 * 1024;
