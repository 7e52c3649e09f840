import type { RelationshipRecord } from '../../store/relationship-record.ts';
import { METADATA_FILE, type StoreKey } from '../../store/store-files.ts';
import type { CheckContext } from '../check-context.ts';
import type { CheckKind } from '../check-kinds.ts';
import { renderNode, renderRelationship, renderUnused } from '../record-texts.ts';
import { ChainScreen } from '../screen/chain-screen.ts';
import { ALL_SUSPECTS, ChainStage } from './chain-stage.ts';
import { DynamicStore, type DynamicStoreKey } from './dynamic-store.ts';
import { GroupChains, NodeBits } from './group-chains.ts';
import { examineIdFiles } from './id-files.ts';
import { NodeLabels } from './node-labels.ts';
import { reportMultipleOwners } from './owner-conflicts.ts';
import { PropertyOwners } from './property-owners.ts';
import { PropertyStore } from './property-store.ts';
import { RecordFindings } from './record-findings.ts';
import { RecordStores, StoreRecords } from './store-records.ts';

export interface ExamineOptions {
  /**
   * How relationship chains are checked: `examine` reads all neighbours at random, `screen` finds out by sequential passes which have to
   * be. Both find the same. Default: by the size of the store.
   */
  chains?: 'examine' | 'screen';
  /** Buckets of the screen, a power of two; default by the budget. */
  buckets?: number;
}

/** From so many relationships on random reads are too slow. */
const SCREEN_FROM_IDS = 200_000;

/**
 * Checks nodes, relationships, groups, properties and dynamic records (consistency-check spec 3.1-3.6), reading only. Store files are read
 * from begin to end: dynamic records, then properties, then nodes and relationships, so that every reference can be compared with bits
 * kept of what it points to. Only relationship chains jump about; see {@link ExamineOptions.chains}.
 *
 * Never throws for damaged records. Memory: about 8 bits per property record, 5 per dynamic record, 3 per node, and the budget.
 *
 * @throws GraphkeepError `store.missing-file`, `store.corrupt` (header of a dynamic store), `cancelled`
 */
export async function examineRecords(context: CheckContext, options: ExamineOptions = {}): Promise<void> {
  await new RecordExamination(context, options).run();
}

class RecordExamination {
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
    this.examineTails();
    await examineIdFiles(context);
    await this.examineNames();
    const strings = await this.examineDynamic('propertyStrings');
    const arrays = await this.examineDynamic('propertyArrays');
    const labelRecords = await this.examineDynamic('nodeLabels');
    const properties = new PropertyStore(context, strings, arrays);
    await properties.examine();
    strings.reportOrphans();
    arrays.reportOrphans();

    const owners = new PropertyOwners(properties);
    this.claimGraphProperties(owners);
    const screen = this.wantsScreen() ? new ChainScreen(context, stores, this.bits, this.options.buckets) : undefined;
    const labels = new NodeLabels(context, labelRecords, this.nodeFindings);
    await this.examineNodes(owners, labels, screen);
    await labels.examineOwners(stores.node);
    await this.groups.examine();
    await this.examineRelationships(owners, screen);
    owners.reportOrphans();
    if (context.parts.propertyOwners) {
      await reportMultipleOwners(context, stores, owners, this.nodeFindings, this.relationshipFindings);
    }
    const suspects = screen === undefined ? ALL_SUSPECTS : await screen.findSuspects();
    if (!suspects.exist && !this.groups.isOdd) return;
    const { bits, groups, nodeFindings, relationshipFindings } = this;
    await new ChainStage(stores, bits, groups, nodeFindings, relationshipFindings).examine(suspects);
  }

  private wantsScreen(): boolean {
    const { chains } = this.options;
    return chains === undefined ? this.stores.relationship.endId >= SCREEN_FROM_IDS : chains === 'screen';
  }

  private async examineDynamic(key: DynamicStoreKey): Promise<DynamicStore> {
    const store = new DynamicStore(this.context, key);
    await store.examine();
    return store;
  }

  /** Names and schema rules: only how their records hang together; the token and schema checks look at what is in them. */
  private async examineNames(): Promise<void> {
    const { reader } = this.context;
    const tokenStores = [
      ['label', 'labelNames'],
      ['relationshipType', 'relationshipTypeNames'],
      ['propertyKey', 'propertyKeyNames'],
    ] as const;
    for (const [tokens, names] of tokenStores) {
      const store = await this.examineDynamic(names);
      reader.file(tokens).scan(({ id, nameId }) => {
        if (!store.inUse.has(nameId) || store.reference(nameId)) return;
        store.findings.add('dynamic.multipleOwners', nameId, store.render(nameId), [`Token[${id}]`]);
      });
      store.reportOrphans();
    }
    await this.examineDynamic('schema');
  }

  private examineTails(): void {
    const keys: StoreKey[] = ['node', 'relationship', 'relationshipGroup', 'property'];
    keys.push('nodeLabels', 'propertyStrings', 'propertyArrays');
    for (const key of keys) {
      const records = new StoreRecords(this.context, key);
      if (!records.readTail().some((byte) => byte !== 0)) continue;
      new RecordFindings(records, this.context.report).add('record.trailingBytes', records.endId, '');
    }
  }

  private claimGraphProperties(owners: PropertyOwners): void {
    const { reader, report } = this.context;
    const findings = new RecordFindings({ fileName: METADATA_FILE, recordBytes: 9 }, report);
    const owner = { id: 5, nextProp: reader.metadata.firstGraphProperty };
    owners.claim(owner, findings, ({ nextProp }) => `NeoStore[used=true,prop=${nextProp}]`);
  }

  private async examineNodes(owners: PropertyOwners, labels: NodeLabels, screen: ChainScreen | undefined) {
    const { bits, nodeFindings } = this;
    await this.stores.node.scan(
      'nodes',
      (node) => {
        bits.inUse.add(node.id);
        labels.examine(node);
        owners.claim(node, nodeFindings, renderNode);
        if (node.dense) {
          bits.dense.add(node.id);
          this.groups.follow(node, nodeFindings, (group) => screen?.addGroup(node.id, group));
        } else screen?.addNode(node);
      },
      (id) => nodeFindings.add('record.unreadable', id, renderUnused('Node', id)),
    );
  }

  private async examineRelationships(owners: PropertyOwners, screen: ChainScreen | undefined): Promise<void> {
    const { bits, relationshipFindings } = this;
    const { relationshipType } = this.context.tokens;
    const add = (kind: CheckKind, r: RelationshipRecord, other: string) =>
      relationshipFindings.add(kind, r.id, renderRelationship(r), [other]);
    await this.stores.relationship.scan(
      'relationships',
      (r) => {
        if (!relationshipType.has(r.type)) {
          add('relationship.relationshipTypeNotInUse', r, `RelationshipType[${r.type}]`);
        }
        if (!bits.inUse.has(r.start)) add('relationship.sourceNodeNotInUse', r, renderUnused('Node', r.start));
        if (!bits.inUse.has(r.end)) add('relationship.targetNodeNotInUse', r, renderUnused('Node', r.end));
        owners.claim(r, relationshipFindings, renderRelationship);
        screen?.addRelationship(r);
      },
      (id) => relationshipFindings.add('record.unreadable', id, renderUnused('Relationship', id)),
    );
  }
}
