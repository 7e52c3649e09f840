const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

/** Bytes of a stripe: four lanes of 4. */
const STRIPE = 16;

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function mixLane(lane: number, word: number): number {
  return Math.imul(rotateLeft((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
}

/** xxHash, 32 bits, following its specification; unsigned. */
export function xxHash32(bytes: Buffer, seed: number): number {
  let at = 0;
  let hash = (seed + PRIME_5) | 0;
  if (bytes.length >= STRIPE) {
    const lanes = [seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1].map((lane) => lane | 0);
    for (; at + STRIPE <= bytes.length; at += STRIPE) {
      for (let i = 0; i < 4; i++) lanes[i] = mixLane(lanes[i]!, bytes.readInt32LE(at + 4 * i));
    }
    hash = [1, 7, 12, 18].reduce((sum, bits, i) => (sum + rotateLeft(lanes[i]!, bits)) | 0, 0);
  }
  hash = (hash + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(rotateLeft((hash + Math.imul(bytes.readInt32LE(at), PRIME_3)) | 0, 17), PRIME_4);
  }
  for (; at < bytes.length; at++) {
    hash = Math.imul(rotateLeft((hash + Math.imul(bytes[at]!, PRIME_5)) | 0, 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
