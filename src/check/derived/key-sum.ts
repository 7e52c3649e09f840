/**
 * Fingerprint of a set of keys in any order: sums of mixed hashes, two times 32 bits, and how many there are. Equal sets have equal sums;
 * unequal ones have equal sums by chance in one of 2^64 cases.
 */
export class KeySum {
  private first = 0;
  private second = 0;
  private count = 0;

  add(bytes: Uint8Array, start: number, length: number): void {
    let a = 0x9e3779b9 ^ length;
    let b = 0x85ebca6b ^ length;
    for (let i = start; i < start + length; i++) {
      a = Math.imul(a ^ bytes[i]!, 0x01000193);
      b = Math.imul(b ^ bytes[i]!, 0x5bd1e995);
      b ^= b >>> 15;
    }
    this.first = (this.first + mix(a)) | 0;
    this.second = (this.second + mix(b ^ 0x27d4eb2f)) | 0;
    this.count++;
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
