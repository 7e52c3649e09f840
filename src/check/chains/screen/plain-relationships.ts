import { readU32 } from '../../../base/byte-reader.ts';
import type { IdBitmap } from '../../records/id-bitmap.ts';
import { IN, OUT } from '../chain-sides.ts';
import type { NodeBits } from '../group-chains.ts';
import { CHAIN, HEAD } from './chain-tuples.ts';
import { type BucketSums, mixFirst, mixSecond, START_FIRST, START_SECOND } from './fingerprint.ts';

const MOST_TYPES = 1 << 16;
const HIGH_START = 0x0e;
const HIGH_OTHERS = 0x7fff_0000;
const FIRST_IN_START = 1;
const FIRST_IN_END = 2;
const NONE = -1;
const CHAIN_FIRST = Math.imul(CHAIN, START_FIRST);
const CHAIN_SECOND = Math.imul(CHAIN, START_SECOND);

/** What the screen of relationship chains adds up. */
export interface ChainSums {
  readonly nodes: NodeBits;
  readonly nodeSums: BucketSums;
  readonly linkSums: BucketSums;
  readonly ascending: IdBitmap;
}

/**
 * Adds standard relationship records (record-stores spec 6.2) to the sums of the chain screen from their bytes, as `ChainScreen` does it for
 * decoded ones, if there is nothing else to say about them: known type, nodes in use, no loop, ids below 2^31.
 */
export class PlainRelationships {
  private readonly sums: ChainSums;
  private readonly known = new Uint8Array(MOST_TYPES);
  private readonly endId: number;

  constructor(sums: ChainSums, knownTypes: Iterable<number>, endId: number) {
    this.sums = sums;
    this.endId = endId;
    for (const type of knownTypes) if (type < MOST_TYPES) this.known[type] = 1;
  }

  /** Adds a relationship that is in use; false, and nothing is added, if it has to be looked at. */
  add(bytes: Uint8Array, offset: number, id: number): boolean {
    const mixed = readU32(bytes, offset + 9) | 0;
    const type = mixed & 0xffff;
    if ((bytes[offset]! & HIGH_START) !== 0 || (mixed & HIGH_OTHERS) !== 0 || this.known[type] === 0) return false;
    const start = readU32(bytes, offset + 1) | 0;
    const end = readU32(bytes, offset + 5) | 0;
    if (start < 0 || end < 0 || start === end) return false;
    const { inUse } = this.sums.nodes;
    if (!inUse.has(start) || !inUse.has(end)) return false;
    const startPrev = readU32(bytes, offset + 13) | 0;
    const startNext = readU32(bytes, offset + 17) | 0;
    const endPrev = readU32(bytes, offset + 21) | 0;
    const endNext = readU32(bytes, offset + 25) | 0;
    if (startPrev < NONE || startNext < NONE || endPrev < NONE || endNext < NONE) return false;
    const marks = bytes[offset + 33]!;
    // Lengths of chains beyond all ids.
    if (startPrev > this.endId || endPrev > this.endId || id > 0x7fff_ffff) return false;
    this.addSide(start, type * 4 + OUT, id, startPrev, startNext, (marks & FIRST_IN_START) !== 0);
    this.addSide(end, type * 4 + IN, id, endPrev, endNext, (marks & FIRST_IN_END) !== 0);
    return true;
  }

  private addSide(node: number, kind: number, id: number, prev: number, next: number, isFirst: boolean): void {
    const { nodes, nodeSums, linkSums, ascending } = this.sums;
    let a = mixFirst(CHAIN_FIRST, node);
    let b = mixSecond(CHAIN_SECOND, node);
    if (nodes.dense.has(node)) {
      a = mixFirst(a, kind);
      b = mixSecond(b, kind);
    }
    if (isFirst) {
      nodeSums.addParts(node, a, b, 1 - prev);
      nodeSums.addParts(node, mixFirst(mixFirst(a, HEAD), id), mixSecond(mixSecond(b, HEAD), id), 1);
    } else {
      nodeSums.addParts(node, a, b, 1);
      linkSums.addParts(id, mixFirst(mixFirst(a, prev), id), mixSecond(mixSecond(b, prev), id), -1);
    }
    if (next === NONE) return;
    linkSums.addParts(next, mixFirst(mixFirst(a, id), next), mixSecond(mixSecond(b, id), next), 1);
    if (next >= id) ascending.add(node);
  }
}
