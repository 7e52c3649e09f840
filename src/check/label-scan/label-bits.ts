import { NODES_PER_RANGE } from '../../store/label-scan/label-scan-layout.ts';

const CHUNK_RANGES = 64;
/** Two words for each range of 64 nodes. */
const CHUNK_WORDS = 2 * CHUNK_RANGES;

/** Bitsets of 64 nodes each, for the ranges of a window. Uses memory only near bits that were set. */
export class LabelBits {
  /** Low and high word of each range of a chunk. */
  private readonly chunks = new Map<number, Uint32Array>();
  private lastNumber = -1;
  private lastChunk: Uint32Array | undefined;

  private chunkAt(number: number): Uint32Array | undefined {
    if (number !== this.lastNumber) {
      this.lastNumber = number;
      this.lastChunk = this.chunks.get(number);
    }
    return this.lastChunk;
  }

  /** Sets the bit of node `index`, counted from the start of the window. */
  set(index: number): void {
    const word = index >>> 5;
    const number = Math.floor(word / CHUNK_WORDS);
    let chunk = this.chunkAt(number);
    if (chunk === undefined) {
      chunk = new Uint32Array(CHUNK_WORDS);
      this.chunks.set(number, chunk);
      this.lastChunk = chunk;
    }
    chunk[word % CHUNK_WORDS]! |= 1 << (index & 31);
  }

  low(range: number): number {
    return this.chunkAt(Math.floor(range / CHUNK_RANGES))?.[2 * (range % CHUNK_RANGES)] ?? 0;
  }

  high(range: number): number {
    return this.chunkAt(Math.floor(range / CHUNK_RANGES))?.[2 * (range % CHUNK_RANGES) + 1] ?? 0;
  }

  clear(range: number): void {
    this.chunkAt(Math.floor(range / CHUNK_RANGES))?.fill(0, 2 * (range % CHUNK_RANGES), 2 * (range % CHUNK_RANGES) + 2);
  }

  /** Calls `visit` with the index of every set bit. */
  forEach(visit: (index: number) => void): void {
    for (const [number, chunk] of this.chunks) {
      for (let word = 0; word < chunk.length; word++) {
        if (chunk[word] === 0) continue;
        const first = number * CHUNK_RANGES * NODES_PER_RANGE + word * 32;
        for (let bit = 0; bit < 32; bit++) if (((chunk[word]! >>> bit) & 1) === 1) visit(first + bit);
      }
    }
  }
}

/** Calls `visit` with the number of every set bit, 0 to 63. */
export function forEachBit(high: number, low: number, visit: (bit: number) => void): void {
  for (let bit = 0; bit < 32; bit++) if (((low >>> bit) & 1) === 1) visit(bit);
  for (let bit = 0; bit < 32; bit++) if (((high >>> bit) & 1) === 1) visit(bit + 32);
}
