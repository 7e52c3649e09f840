import { NULL_REFERENCE } from '../../../store/records/record-codec.ts';
import { IdBitmap } from '../../records/id-bitmap.ts';
import type { NodeBits } from '../group-chains.ts';
import { BucketSums, mixFirst, mixSecond, SEED_FIRST, SEED_SECOND } from './fingerprint.ts';

/** Distinguishes a statement about the head of a chain from one about a link. */
const HEAD = 2;

/**
 * Sums of what records say about chains of relationships; all sums are zero if the records agree. A chain belongs to a node and, if that is
 * dense, to one branch of it: a type and a direction. Every statement is made by two records; it is added for one and subtracted for the
 * other (see the example in spec consistency-check 4.5):
 *
 *     statement                        added for                         subtracted for
 *     "the chain begins with r"        r, if it is marked first          the node or group whose head is r
 *     "the chain has n places"         each relationship in it: 1        the first one: the length n that it holds
 *     "p is just before r"             p, whose next is r                r, whose previous one is p, unless it is first
 */
export class ChainSums {
  readonly nodes: NodeBits;
  /** Statements about heads and lengths, in the bucket of the node. */
  readonly ofNodes: BucketSums;
  /** Statements about neighbours, in the bucket of the second one. */
  readonly ofLinks: BucketSums;
  /** Nodes with a chain in which some relationship does not point to a smaller id. */
  readonly ascending = new IdBitmap();
  /** Number of places in chains. */
  places = 0;
  private readonly longestChain: number;

  /** `endId`: larger than every relationship id. `buckets`: a power of two. */
  constructor(nodes: NodeBits, endId: number, buckets: number) {
    this.nodes = nodes;
    this.longestChain = Math.min(endId, 2 ** 32 - 1);
    this.ofNodes = new BucketSums(buckets);
    this.ofLinks = new BucketSums(buckets);
  }

  /** Adds the statement of a node or group that its chain begins with relationship `head`. `branch` matters for dense nodes only. */
  addHead(node: number, branch: number, head: number): void {
    const isDense = this.nodes.dense.has(node);
    this.addBegin(node, chainFirst(node, branch, isDense), chainSecond(node, branch, isDense), head, -1);
  }

  /**
   * Adds what relationship `id` says about its place in the chain of one of its nodes. `prev` is the length of the chain if it is first.
   */
  addPlace(node: number, branch: number, id: number, prev: number, next: number, isFirst: boolean): void {
    this.places++;
    const isDense = this.nodes.dense.has(node);
    const a = chainFirst(node, branch, isDense);
    const b = chainSecond(node, branch, isDense);
    if (isFirst) {
      this.addLength(node, a, b, prev);
      this.addBegin(node, a, b, id, 1);
    } else {
      this.addLink(id, a, b, prev, id, -1);
    }
    this.ofNodes.add(node, a, b, 1);
    if (next === NULL_REFERENCE) return;
    this.addLink(next, a, b, id, next, 1);
    if (next >= id && this.nodes.inUse.has(node)) this.ascending.add(node);
  }

  private addBegin(node: number, a: number, b: number, head: number, times: number): void {
    this.ofNodes.add(node, mixFirst(mixFirst(a, HEAD), head), mixSecond(mixSecond(b, HEAD), head), times);
  }

  private addLength(node: number, a: number, b: number, length: number): void {
    // The sums use only the low 32 bits of a length, so an impossible length must not look like a real one.
    const isCountable = length >= 0 && length <= this.longestChain;
    if (!isCountable) this.ofNodes.add(node, mixFirst(a, length), mixSecond(b, length), 1);
    else this.ofNodes.add(node, a, b, -length);
  }

  private addLink(bucket: number, a: number, b: number, from: number, to: number, times: number): void {
    this.ofLinks.add(bucket, mixFirst(mixFirst(a, from), to), mixSecond(mixSecond(b, from), to), times);
  }
}

function chainFirst(node: number, branch: number, isDense: boolean): number {
  const a = mixFirst(SEED_FIRST, node);
  return isDense ? mixFirst(a, branch) : a;
}

function chainSecond(node: number, branch: number, isDense: boolean): number {
  const b = mixSecond(SEED_SECOND, node);
  return isDense ? mixSecond(b, branch) : b;
}
