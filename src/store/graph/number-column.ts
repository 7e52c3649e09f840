import { GraphkeepError } from '../../base/errors.ts';

const CHUNK_BITS = 18;
const CHUNK = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK - 1;

/** "Nothing" in a {@link NumberColumn}. */
export const NONE = 0xffff_ffff;

/**
 * A growing list of numbers below 2^32 - 1 by id, {@link NONE} by default. Four bytes each, in chunks: growing copies nothing, and
 * untouched chunks take no memory.
 */
export class NumberColumn {
  private readonly chunks: (Uint32Array | undefined)[] = [];

  get(id: number): number {
    return this.chunks[Math.floor(id / CHUNK)]?.[id & CHUNK_MASK] ?? NONE;
  }

  set(id: number, value: number): void {
    if (value < 0 || value > NONE) throw new GraphkeepError('internal', 'an id is beyond 32 bits', { observed: value });
    this.chunkOf(id)[id & CHUNK_MASK] = value;
  }

  /** Adds 1 to a counter, which starts at 0. */
  increment(id: number): void {
    const chunk = this.chunkOf(id);
    const value = chunk[id & CHUNK_MASK]!;
    chunk[id & CHUNK_MASK] = value === NONE ? 1 : value + 1;
  }

  private chunkOf(id: number): Uint32Array {
    const index = Math.floor(id / CHUNK);
    let chunk = this.chunks[index];
    if (chunk === undefined) {
      chunk = new Uint32Array(CHUNK).fill(NONE);
      this.chunks[index] = chunk;
    }
    return chunk;
  }
}
