import type { NodeRecord } from '../../../store/records/node-record.ts';
import { NULL_REFERENCE } from '../../../store/records/record-codec.ts';
import type { RelationshipGroupRecord } from '../../../store/records/relationship-group-record.ts';
import type { RelationshipRecord } from '../../../store/records/relationship-record.ts';
import type { CheckContext } from '../../findings/check-context.ts';
import type { RecordStores } from '../../records/store-records.ts';
import {
  branchOf,
  directionOf,
  IN,
  isFirst,
  isOddLoop,
  LOOP,
  nextOf,
  nodeOf,
  OUT,
  prevOf,
  type Side,
} from '../chain-sides.ts';
import type { ChainSuspects } from '../chain-stage.ts';
import type { NodeBits } from '../group-chains.ts';
import { ChainSums } from './chain-sums.ts';
import { CycleScreen } from './cycle-screen.ts';
import { PlainRelationships } from './plain-relationships.ts';

const LEAST_BUCKETS = 1 << 10;
const MOST_BUCKETS = 1 << 15;
/** Two sums of two 4-byte numbers. */
const BUCKET_BYTES = 16;
/** A node that is not dense has one chain. */
const NO_BRANCH = 0;

/**
 * Finds the records that the exact check of relationship chains must look at, using the one pass over nodes and relationships that is made
 * anyway. {@link ChainSums} are non-zero in the buckets of records that disagree. Two faults leave the sums at zero: loops whose sides
 * differ, which are detected one by one, and a cycle detached from its chain, which agrees with itself. {@link CycleScreen} searches for
 * such cycles where one is possible.
 */
export class ChainScreen {
  private readonly context: CheckContext;
  private readonly stores: RecordStores;
  private readonly sums: ChainSums;
  private readonly plain: PlainRelationships | undefined;
  private hasOddLoop = false;

  /** `buckets`: a power of two; the default depends on the budget. The caller fills the node bits before any relationship is added. */
  constructor(context: CheckContext, stores: RecordStores, nodes: NodeBits, buckets?: number) {
    this.context = context;
    this.stores = stores;
    this.sums = new ChainSums(nodes, stores.relationship.endId, buckets ?? bucketsFor(context.budgetBytes));
    const view = context.reader.format.plainViews?.relationship;
    if (view !== undefined) this.plain = new PlainRelationships(this.sums, view, context.tokens.relationshipType);
  }

  /** Adds a node that is not dense. */
  addNode(node: NodeRecord): void {
    this.addHead(node.id, NO_BRANCH, node.nextRel);
  }

  /** Adds a group in the chain of dense node `owner`. */
  addGroup(owner: number, { type, firstOut, firstIn, firstLoop }: RelationshipGroupRecord): void {
    this.addHead(owner, branchOf(type, OUT), firstOut);
    this.addHead(owner, branchOf(type, IN), firstIn);
    this.addHead(owner, branchOf(type, LOOP), firstLoop);
  }

  private addHead(node: number, branch: number, head: number): void {
    if (head !== NULL_REFERENCE) this.sums.addHead(node, branch, head);
  }

  /**
   * Adds a relationship from its bytes. Returns false and adds nothing if it must be decoded for {@link addRelationship}: it is not in use,
   * or may have faults that the screen does not look at.
   */
  addBytes(bytes: Uint8Array, offset: number, id: number): boolean {
    return this.plain?.add(bytes, offset, id) ?? false;
  }

  addRelationship(r: RelationshipRecord): void {
    if (isOddLoop(r)) {
      // It is added to no chain, so the sums of its chains are not zero either.
      this.hasOddLoop = true;
      return;
    }
    this.addSide(r, 'start');
    if (r.start !== r.end) this.addSide(r, 'end');
  }

  private addSide(r: RelationshipRecord, side: Side): void {
    const branch = branchOf(r.type, directionOf(r, side));
    this.sums.addPlace(nodeOf(r, side), branch, r.id, prevOf(r, side), nextOf(r, side), isFirst(r, side));
  }

  /** Call after all records were added. */
  async findSuspects(): Promise<ChainSuspects> {
    const { ofNodes, ofLinks, ascending, places, nodes } = this.sums;
    const expected = (places * ascending.size) / Math.max(1, nodes.inUse.size);
    const cycles = await new CycleScreen(this.context, this.stores, ascending).find(expected);
    return {
      exist: this.hasOddLoop || cycles.length > 0 || !ofNodes.isZero() || !ofLinks.isZero(),
      node: (id) => ofNodes.has(id),
      relationship: (r) =>
        ofLinks.has(r.id) ||
        ofLinks.has(r.startNext) ||
        ofLinks.has(r.endNext) ||
        ofNodes.has(r.start) ||
        ofNodes.has(r.end) ||
        isOddLoop(r),
      cycles,
    };
  }
}

function bucketsFor(budgetBytes: number): number {
  const buckets = 2 ** Math.floor(Math.log2(Math.max(1, budgetBytes / 4 / BUCKET_BYTES)));
  return Math.min(MOST_BUCKETS, Math.max(LEAST_BUCKETS, buckets));
}
