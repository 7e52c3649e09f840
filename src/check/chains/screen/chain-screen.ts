import type { NodeRecord } from '../../../store/records/node-record.ts';
import { NULL_REFERENCE } from '../../../store/records/record-codec.ts';
import type { RelationshipGroupRecord } from '../../../store/records/relationship-group-record.ts';
import type { RelationshipRecord } from '../../../store/records/relationship-record.ts';
import type { CheckContext } from '../../findings/check-context.ts';
import { IdBitmap } from '../../records/id-bitmap.ts';
import type { RecordStores } from '../../records/store-records.ts';
import { directionOf, IN, isFirst, isOddLoop, LOOP, nextOf, nodeOf, OUT, prevOf, type Side } from '../chain-sides.ts';
import type { ChainSuspects } from '../chain-stage.ts';
import type { NodeBits } from '../group-chains.ts';
import { CHAIN, HEAD } from './chain-tuples.ts';
import { CycleScreen } from './cycle-screen.ts';
import { BucketSums, Hash } from './fingerprint.ts';
import { PlainRelationships } from './plain-relationships.ts';

const LEAST_BUCKETS = 1 << 10;
const MOST_BUCKETS = 1 << 15;
/** Two sums of two times four bytes. */
const BUCKET_BYTES = 16;

/**
 * Finds out which records the exact check of relationship chains has to look at, from the one pass over nodes and relationships that is made
 * anyway. A chain is a node, and for dense nodes also a type and a direction. What has to be equal, as multisets:
 *
 *     in the bucket of the node           (chain, head) of nodes and groups     = (chain, relationship) of relationships marked first
 *                                         chain, per relationship in it         = chain times the length that its first one holds
 *     in the bucket of the second one     (chain, relationship, its next)       = (chain, its previous, relationship), if not first
 *
 * Loops whose sides differ count nowhere, so that their chains come out uneven. A cycle off its chain leaves all sums even: relationships that
 * do not point to a smaller id mark their node for {@link CycleScreen}.
 */
export class ChainScreen {
  private readonly context: CheckContext;
  private readonly stores: RecordStores;
  readonly nodes: NodeBits;
  readonly nodeSums: BucketSums;
  readonly linkSums: BucketSums;
  /** Nodes with a chain in which a relationship does not point to a smaller id. */
  readonly ascending = new IdBitmap();
  private readonly chain = new Hash();
  private readonly tuple = new Hash();
  private readonly plain: PlainRelationships | undefined;
  private odd = false;
  /** Places in chains. */
  private places = 0;

  /** `buckets`: a power of two, default by the budget. The bits of the nodes are filled by the caller, before relationships come. */
  constructor(context: CheckContext, stores: RecordStores, nodes: NodeBits, buckets?: number) {
    this.context = context;
    this.stores = stores;
    this.nodes = nodes;
    const count = buckets ?? bucketsFor(context.budgetBytes);
    this.nodeSums = new BucketSums(count);
    this.linkSums = new BucketSums(count);
    if (context.reader.format.family === 'standard') {
      this.plain = new PlainRelationships(this, context.tokens.relationshipType, stores.relationship.endId);
    }
  }

  /** A node that is not dense. */
  addNode(node: NodeRecord): void {
    if (node.nextRel === NULL_REFERENCE) return;
    this.chain.start(CHAIN).put(node.id);
    this.addHead(node.id, node.nextRel, -1);
  }

  /** A group that the chain of dense node `owner` leads to. */
  addGroup(owner: number, { type, firstOut, firstIn, firstLoop }: RelationshipGroupRecord): void {
    this.addGroupHead(owner, type, OUT, firstOut);
    this.addGroupHead(owner, type, IN, firstIn);
    this.addGroupHead(owner, type, LOOP, firstLoop);
  }

  private addGroupHead(owner: number, type: number, direction: number, head: number): void {
    if (head === NULL_REFERENCE) return;
    this.chain
      .start(CHAIN)
      .put(owner)
      .put(type * 4 + direction);
    this.addHead(owner, head, -1);
  }

  /**
   * A relationship in use, as bytes; false if it has to be decoded for {@link addRelationship}, because there may be more to say about it than
   * what the screen looks at.
   */
  addBytes(bytes: Uint8Array, offset: number, id: number): boolean {
    if (this.plain?.add(bytes, offset, id) !== true) return false;
    this.places += 2;
    return true;
  }

  addRelationship(r: RelationshipRecord): void {
    if (r.start !== r.end) {
      this.addSide(r, 'start');
      this.addSide(r, 'end');
    } else if (isOddLoop(r)) this.odd = true;
    else this.addSide(r, 'start');
  }

  private addSide(r: RelationshipRecord, side: Side): void {
    const { chain, tuple } = this;
    const node = nodeOf(r, side);
    const next = nextOf(r, side);
    const prev = prevOf(r, side);
    this.places++;
    chain.start(CHAIN).put(node);
    if (this.nodes.dense.has(node)) chain.put(r.type * 4 + directionOf(r, side));
    if (isFirst(r, side)) {
      this.nodeSums.add(node, chain, 1 - prev);
      this.addHead(node, r.id, 1);
      // The sums see the low 32 bits of a length only.
      if (prev > this.stores.relationship.endId) this.nodeSums.add(node, tuple, 3);
    } else {
      this.nodeSums.add(node, chain, 1);
      this.linkSums.add(r.id, tuple.copy(chain).put(prev).put(r.id), -1);
    }
    if (next === NULL_REFERENCE) return;
    this.linkSums.add(next, tuple.copy(chain).put(r.id).put(next), 1);
    if (next >= r.id && this.nodes.inUse.has(node)) this.ascending.add(node);
  }

  private addHead(node: number, head: number, times: number): void {
    this.nodeSums.add(node, this.tuple.copy(this.chain).put(HEAD).put(head), times);
  }

  /** To be called after all records. */
  async findSuspects(): Promise<ChainSuspects> {
    const { nodeSums, linkSums } = this;
    const expected = (this.places * this.ascending.size) / Math.max(1, this.nodes.inUse.size);
    const cycles = await new CycleScreen(this.context, this.stores, this.ascending).find(expected);
    return {
      exist: this.odd || cycles.length > 0 || !nodeSums.isZero() || !linkSums.isZero(),
      node: (id) => nodeSums.has(id),
      relationship: (r) =>
        linkSums.has(r.id) ||
        linkSums.has(r.startNext) ||
        linkSums.has(r.endNext) ||
        nodeSums.has(r.start) ||
        nodeSums.has(r.end) ||
        isOddLoop(r),
      cycles,
    };
  }
}

function bucketsFor(budgetBytes: number): number {
  const buckets = 2 ** Math.floor(Math.log2(Math.max(1, budgetBytes / 4 / BUCKET_BYTES)));
  return Math.min(MOST_BUCKETS, Math.max(LEAST_BUCKETS, buckets));
}
