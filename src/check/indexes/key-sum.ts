/**
 * Fingerprint of a set of keys in any order: two 32-bit sums of mixed hashes, and the count. Equal sets have equal sums; different sets
 * have equal sums with a probability of 2^-64.
 */
export class KeySum {
  private first = 0;
  private second = 0;
  private count = 0;

  add(bytes: Uint8Array, start: number, length: number): void {
    let a = 0x9e3779b9 ^ length;
    let b = 0x85ebca6b ^ length;
    const end = start + length;
    let i = start;
    for (; i + 4 <= end; i += 4) {
      const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a = Math.imul(a ^ (a >>> 15), 0x1b873593);
      b = Math.imul((b << 13) ^ (b >>> 19) ^ word, 0x5bd1e995);
      b ^= b >>> 17;
    }
    for (; i < end; i++) {
      a = Math.imul(a ^ bytes[i]!, 0x01000193);
      b = Math.imul(b ^ bytes[i]!, 0x5bd1e995);
      b ^= b >>> 15;
    }
    this.first = (this.first + mix(a)) | 0;
    this.second = (this.second + mix(b ^ 0x27d4eb2f)) | 0;
    this.count++;
  }

  /** Adds the keys of another set. */
  addAll(other: KeySum): void {
    this.first = (this.first + other.first) | 0;
    this.second = (this.second + other.second) | 0;
    this.count += other.count;
  }

  equals(other: KeySum): boolean {
    return this.first === other.first && this.second === other.second && this.count === other.count;
  }
}

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
