const CHUNK_BITS = 20;
const CHUNK_IDS = 2 ** CHUNK_BITS;
const CHUNK_WORDS = CHUNK_IDS / 32;
const TWO_32 = 2 ** 32;

/** A set of record ids, one bit each, in chunks that exist only where ids were added: gaps between ids cost nothing. */
export class IdBitmap {
  /** Number of ids. */
  size = 0;
  private readonly chunks: (Uint32Array | undefined)[] = [];

  has(id: number): boolean {
    if (id < 0) return false;
    const chunk = this.chunks[chunkOf(id)];
    return chunk !== undefined && (chunk[(id & (CHUNK_IDS - 1)) >>> 5]! & (1 << (id & 31))) !== 0;
  }

  /** Adds a non-negative id; false if it was there already. */
  add(id: number): boolean {
    const index = chunkOf(id);
    let chunk = this.chunks[index];
    if (chunk === undefined) {
      while (this.chunks.length < index) this.chunks.push(undefined);
      chunk = new Uint32Array(CHUNK_WORDS);
      this.chunks[index] = chunk;
    }
    const word = (id & (CHUNK_IDS - 1)) >>> 5;
    const bit = 1 << (id & 31);
    if ((chunk[word]! & bit) !== 0) return false;
    chunk[word]! |= bit;
    this.size++;
    return true;
  }

  /** Removes an id; false if it was not there. */
  remove(id: number): boolean {
    if (!this.has(id)) return false;
    this.toggle(id);
    return true;
  }

  /** Adds an id that is missing and removes one that is present, so an id toggled twice leaves nothing. */
  toggle(id: number): void {
    if (this.add(id)) return;
    this.chunks[chunkOf(id)]![(id & (CHUNK_IDS - 1)) >>> 5]! ^= 1 << (id & 31);
    this.size--;
  }

  intersects(other: IdBitmap): boolean {
    return this.chunks.some((chunk, index) => {
      const others = other.chunks[index];
      return chunk !== undefined && others !== undefined && chunk.some((bits, word) => (bits & others[word]!) !== 0);
    });
  }

  /** Ids of this set that are in none of `others`, ascending. The sets may grow meanwhile: words are read one by one. */
  *without(...others: IdBitmap[]): Generator<number> {
    for (let index = 0; index < this.chunks.length; index++) {
      const chunk = this.chunks[index];
      if (chunk === undefined) continue;
      for (let word = 0; word < CHUNK_WORDS; word++) {
        let bits = chunk[word]!;
        if (bits === 0) continue;
        for (const other of others) bits &= ~(other.chunks[index]?.[word] ?? 0);
        yield* idsOfWord(bits, index * CHUNK_IDS + word * 32);
      }
    }
  }
}

function* idsOfWord(bits: number, first: number): Generator<number> {
  for (let rest = bits; rest !== 0; rest &= rest - 1) yield first + 31 - Math.clz32(rest & -rest);
}

/** `&` uses the low 32 bits of any id, and a chunk is smaller than that, so only the index of the chunk needs a division. */
function chunkOf(id: number): number {
  return id < TWO_32 ? id >>> CHUNK_BITS : Math.floor(id / CHUNK_IDS);
}
