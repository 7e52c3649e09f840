import type { RelationshipRecord } from '../../store/records/relationship-record.ts';
import { ALL_SUSPECTS, ChainStage } from '../chains/chain-stage.ts';
import { GroupChains, NodeBits } from '../chains/group-chains.ts';
import { ChainScreen } from '../chains/screen/chain-screen.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { renderRelationship, renderUnused } from '../findings/record-texts.ts';
import { NodeLabels } from '../nodes/node-labels.ts';
import { DynamicStore } from '../properties/dynamic-store.ts';
import { RecordFindings } from '../records/record-findings.ts';
import { RecordStores } from '../records/store-records.ts';

export interface ExamineOptions {
  /**
   * How relationship chains are checked. `examine` reads all neighbours at random; `screen` first finds by sequential passes which records
   * need that. Both find the same. The default depends on the size of the store.
   */
  chains?: 'examine' | 'screen';
  /** Buckets of the screen, a power of two; the default depends on the budget. */
  buckets?: number;
}

/** From this many relationships on, random reads are too slow. */
const SCREEN_FROM_IDS = 200_000;

/**
 * Checks nodes, their labels, relationships and groups (spec consistency-check 3.1-3.4, 3.6); reads only. Store files are read
 * sequentially: label records, nodes, groups, relationships. Only relationship chains need random access; see {@link
 * ExamineOptions.chains}.
 *
 * Never throws for damaged records. Memory: three bits per node, four per label record, and the budget.
 *
 * @throws GraphkeepError `store.missing-file`, `store.corrupt` (header of a dynamic store), `cancelled`
 */
export async function examineGraph(context: CheckContext, options: ExamineOptions = {}): Promise<void> {
  await new GraphExamination(context, options).run();
}

class GraphExamination {
  private readonly context: CheckContext;
  private readonly options: ExamineOptions;
  private readonly stores: RecordStores;
  private readonly bits = new NodeBits();
  private readonly groups: GroupChains;
  private readonly nodeFindings: RecordFindings;
  private readonly relationshipFindings: RecordFindings;

  constructor(context: CheckContext, options: ExamineOptions) {
    this.context = context;
    this.options = options;
    this.stores = new RecordStores(context);
    this.nodeFindings = new RecordFindings(this.stores.node, context.report);
    this.relationshipFindings = new RecordFindings(this.stores.relationship, context.report);
    this.groups = new GroupChains(context, this.stores, this.bits);
  }

  async run(): Promise<void> {
    const { context, stores } = this;
    const labelRecords = new DynamicStore(context, 'nodeLabels');
    await labelRecords.examine();
    const screen = this.wantsScreen() ? new ChainScreen(context, stores, this.bits, this.options.buckets) : undefined;
    const labels = new NodeLabels(context, labelRecords, this.nodeFindings);
    await this.examineNodes(labels, screen);
    await labels.examineOwners(stores.node);
    await this.groups.examine();
    await this.examineRelationships(screen);
    const suspects = screen === undefined ? ALL_SUSPECTS : await screen.findSuspects();
    if (!suspects.exist && !this.groups.isOdd) return;
    const { bits, groups, nodeFindings, relationshipFindings } = this;
    await new ChainStage(stores, bits, groups, nodeFindings, relationshipFindings).examine(suspects);
  }

  private wantsScreen(): boolean {
    const { chains } = this.options;
    return chains === undefined ? this.stores.relationship.endId >= SCREEN_FROM_IDS : chains === 'screen';
  }

  private async examineNodes(labels: NodeLabels, screen: ChainScreen | undefined) {
    const { bits, nodeFindings } = this;
    await this.stores.node.scan(
      'nodes',
      (node) => {
        bits.inUse.add(node.id);
        labels.examine(node);
        if (node.dense) {
          bits.dense.add(node.id);
          this.groups.follow(node, nodeFindings, (group) => screen?.addGroup(node.id, group));
        } else screen?.addNode(node);
      },
      (id) => nodeFindings.add('record.unreadable', id, renderUnused('Node', id)),
    );
  }

  private async examineRelationships(screen: ChainScreen | undefined): Promise<void> {
    const { bits, relationshipFindings } = this;
    const { relationshipType } = this.context.tokens;
    const add = (kind: CheckKind, r: RelationshipRecord, other: string) =>
      relationshipFindings.add(kind, r.id, renderRelationship(r), [other]);
    const visit = (r: RelationshipRecord) => {
      if (!relationshipType.has(r.type)) {
        add('relationship.relationshipTypeNotInUse', r, `RelationshipType[${r.type}]`);
      }
      if (!bits.inUse.has(r.start)) add('relationship.sourceNodeNotInUse', r, renderUnused('Node', r.start));
      if (!bits.inUse.has(r.end)) add('relationship.targetNodeNotInUse', r, renderUnused('Node', r.end));
      screen?.addRelationship(r);
    };
    const unreadable = (id: number) =>
      relationshipFindings.add('record.unreadable', id, renderUnused('Relationship', id));
    const { relationship } = this.stores;
    const record = relationship.create();
    await relationship.scanBytes('relationships', (buffer, first, end) => {
      for (let id = first, offset = 0; id < end; id++, offset += relationship.recordBytes) {
        if (screen?.addBytes(buffer, offset, id)) continue;
        relationship.visitRecord(record, buffer, id, offset, visit, unreadable);
      }
    });
  }
}
