/**
 * A signed 64-bit number in either byte order. Beyond 2^53 it is only roughly right, and no safe integer: whoever needs it exactly asks
 * `Number.isSafeInteger`. Searching looks at many bytes that are no numbers, so this must not throw.
 */
export function readLong(buffer: Buffer, at: number, littleEndian: boolean): number {
  return littleEndian
    ? buffer.readInt32LE(at + 4) * 0x1_0000_0000 + buffer.readUInt32LE(at)
    : buffer.readInt32BE(at) * 0x1_0000_0000 + buffer.readUInt32BE(at + 4);
}

export function readUnsigned(buffer: Buffer, at: number, littleEndian: boolean): number {
  return littleEndian ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at);
}
