import type { RelationshipRecord } from '../../store/records/relationship-record.ts';
import { renderRelationship, renderUnused } from '../findings/record-texts.ts';
import type { RecordFindings } from '../records/record-findings.ts';
import type { RecordStores } from '../records/store-records.ts';
import { ChainCycles } from './chain-cycles.ts';
import { ChainHeads } from './chain-heads.ts';
import { ChainLinks } from './chain-links.ts';
import type { GroupChains, NodeBits } from './group-chains.ts';

/** The records to which a check of relationship chains can be restricted. */
export interface ChainSuspects {
  node(id: number): boolean;
  relationship(r: RelationshipRecord): boolean;
  /** True if there is any. */
  exist: boolean;
  /** Detached cycles: smallest id and node of each; undefined = not searched for yet. */
  cycles: readonly { id: number; node: number }[] | undefined;
}

/** No restriction; for small stores. */
export const ALL_SUSPECTS: ChainSuspects = {
  node: () => true,
  relationship: () => true,
  exist: true,
  cycles: undefined,
};

/**
 * Exact checks of relationship chains by random access (spec consistency-check 3.2-3.4): of the suspects, and of records that they lead to.
 */
export class ChainStage {
  private readonly stores: RecordStores;
  private readonly groups: GroupChains;
  private readonly links: ChainLinks;
  private readonly heads: ChainHeads;
  private readonly nodes: NodeBits;
  private readonly relationshipFindings: RecordFindings;

  constructor(
    stores: RecordStores,
    nodes: NodeBits,
    groups: GroupChains,
    nodeFindings: RecordFindings,
    relationshipFindings: RecordFindings,
  ) {
    this.stores = stores;
    this.groups = groups;
    this.nodes = nodes;
    this.relationshipFindings = relationshipFindings;
    this.links = new ChainLinks(stores, nodes, relationshipFindings);
    this.heads = new ChainHeads(stores, nodeFindings, groups.findings, relationshipFindings);
  }

  async examine(suspects: ChainSuspects): Promise<void> {
    const { stores, groups, links, heads } = this;
    await stores.group.scan('group heads', (group) => {
      const odd = !groups.reached.has(group.id) || groups.misplaced.has(group.id);
      if (odd || suspects.node(group.owner)) heads.examineGroup(group);
    });
    const cycles = suspects.cycles === undefined ? new ChainCycles(stores) : undefined;
    await stores.relationship.scan('relationship chains', (r) => {
      if (suspects.relationship(r)) links.examine(r);
      cycles?.follow(r, (id, node) => this.reportCycle(id, node));
    });
    for (const { id, node } of suspects.cycles ?? []) this.reportCycle(id, node);
    await stores.node.scan('chain lengths', (node) => {
      const suspect = suspects.node(node.id);
      if (suspect) heads.examineNode(node);
      if (suspect || links.troubled.has(node.id)) heads.examineLengths(node);
    });
  }

  private reportCycle(id: number, node: number): void {
    const r = this.stores.relationship.load(id, this.stores.relationship.create());
    const text = r === undefined ? renderUnused('Relationship', id) : renderRelationship(r);
    this.relationshipFindings.add('relationship.detachedCycle', id, text, [`Node[${node}]`]);
    if (this.nodes.inUse.has(node)) this.links.troubled.add(node);
  }
}
