import { crc32c } from './crc32c.ts';

const MASK = 0xa282ead8;

/** Longest piece that is tried. */
const LONGEST_PIECE = 256;

/** The masked CRC-32C required by the Snappy framing format. */
export function maskedChecksum(data: Buffer): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + MASK) >>> 0;
}

/**
 * The checksum that 3.4.9 and 3.5.0-beta03 compute instead, and require if they verify it: a shift that copies the sign. 3.5.34 is correct.
 * Both agree if the highest bit of the CRC is 0.
 */
export function maskedSignedChecksum(data: Buffer): number {
  const crc = crc32c(data);
  return (((crc >> 15) | (crc << 17)) + MASK) >>> 0;
}

/** Cuts data into pieces on whose checksums all servers agree. If there is no such cut, returns the data whole. */
export function cutUnambiguously(data: Buffer): Buffer[] {
  // For each position reachable with such pieces: the start of the last piece.
  const origins = new Map<number, number>([[0, 0]]);
  for (let start = 0; start < data.length; start++) {
    if (!origins.has(start)) continue;
    let crc = 0;
    for (let end = start + 1; end <= Math.min(data.length, start + LONGEST_PIECE); end++) {
      crc = crc32c(data.subarray(end - 1, end), crc);
      if (crc < 0x8000_0000 && !origins.has(end)) origins.set(end, start);
    }
  }
  if (!origins.has(data.length)) return [data];
  const pieces: Buffer[] = [];
  for (let end = data.length; end > 0; end = origins.get(end)!) pieces.unshift(data.subarray(origins.get(end), end));
  return pieces;
}
