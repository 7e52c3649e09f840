import { GraphkeepError } from '../../base/errors.ts';
import type { LogCommand } from '../../log/v3/commands/command-table.ts';
import { type StoreKey, storeFiles } from '../../store/files/store-files.ts';
import { encodeSchemaRule, type SchemaRule } from '../../store/graph/schema-rule.ts';
import type { RecordOf } from '../../store/graph/store-reader.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import type { TokenKind } from '../../store/records/token-record.ts';
import type { KeyedValue } from '../../store/values/property-chain.ts';
import type { PropertyValue } from '../../store/values/property-value.ts';
import { encodeUtf8 } from '../../store/values/short-string.ts';
import { countsCommands } from './counts-commands.ts';
import { deleteChain, rewriteChain, writeChain } from './dynamic-chains.ts';
import { deleteLabels, writeLabels } from './node-labels.ts';
import { PropertyChains } from './property-chains.ts';
import { RecordChanges } from './record-changes.ts';
import { recordCommands } from './record-commands.ts';
import type { IdTaker, Owner, RecordView } from './record-view.ts';
import { RelationshipChains } from './relationship-chains.ts';
import { schemaCommands } from './schema-commands.ts';
import { TOKEN_NAME_STORES, tokenCommands } from './token-commands.ts';

export interface RecordResult {
  /** In a server's order (spec transaction-logs 3.11), including counts commands; empty = nothing changed. */
  commands: LogCommand[];
  /** Every changed record after the transaction; undefined = no longer in use. */
  records: ReadonlyMap<StoreKey, ReadonlyMap<number, RecordOf[StoreKey] | undefined>>;
  /** Ids that are free again, including those taken but not used in the end. */
  freed: ReadonlyMap<StoreKey, number[]>;
  firstGraphProperty: number;
}

/**
 * Turns the logical changes of one transaction into changes of records and log commands, as a 3.5 server does in the standard format. Lives
 * inside one synchronous commit: the view must not change meanwhile. Unusable after an error.
 */
export class RecordTransaction {
  private readonly changes: RecordChanges;
  private readonly properties: PropertyChains;
  private readonly relationships: RelationshipChains;
  private readonly touchedRules = new Set<number>();
  private isFinished = false;

  constructor(view: RecordView, ids: IdTaker) {
    if (view.format.family !== 'standard') {
      throw new GraphkeepError('store.format', 'only stores of the standard format can be changed', {
        observed: view.format.name,
      });
    }
    this.changes = new RecordChanges(view, ids);
    this.properties = new PropertyChains(this.changes);
    this.relationships = new RelationshipChains(this.changes);
  }

  /** `labels` = token ids, ascending. */
  createNode(id: number, labels: readonly number[], properties: readonly KeyedValue[]): void {
    const { format } = this.changes.view;
    this.changes.create('node', Object.assign(format.node.create(), { id, inUse: true }));
    writeLabels(this.changes, id, labels);
    this.setAll({ kind: 'node', id }, properties);
  }

  /** Throws `embedded.constraint` if the node still has relationships. */
  deleteNode(id: number): void {
    const node = this.changes.require('node', id);
    if (node.nextRel !== NULL_REFERENCE) {
      throw new GraphkeepError('embedded.constraint', `node ${id} cannot be deleted: it still has relationships`);
    }
    this.properties.deleteAll({ kind: 'node', id });
    deleteLabels(this.changes, node);
    this.changes.delete('node', id);
  }

  /** `labels` = token ids, ascending. */
  setLabels(id: number, labels: readonly number[]): void {
    writeLabels(this.changes, id, labels);
  }

  /** Sets a value; undefined removes it. */
  setProperty(owner: Owner, key: number, value: PropertyValue | undefined): void {
    this.properties.set(owner, key, value);
  }

  createRelationship(id: number, type: number, start: number, end: number, properties: readonly KeyedValue[]): void {
    const record = this.changes.view.format.relationship.create();
    this.changes.create('relationship', Object.assign(record, { id, inUse: true, type, start, end }));
    this.relationships.insert(record);
    this.setAll({ kind: 'relationship', id }, properties);
  }

  deleteRelationship(id: number): void {
    this.relationships.remove(this.changes.require('relationship', id));
    this.properties.deleteAll({ kind: 'relationship', id });
    this.changes.delete('relationship', id);
  }

  createToken(kind: TokenKind, id: number, name: string): void {
    const { format } = this.changes.view;
    const nameId = writeChain(this.changes, TOKEN_NAME_STORES[kind], encodeUtf8(name));
    const record = (kind === 'propertyKey' ? format.propertyKey : format.token).create();
    this.changes.create(kind, Object.assign(record, { id, inUse: true, nameId }));
  }

  /** `rule.id` must come from the ids of the store `schema`. */
  createRule(rule: SchemaRule): void {
    this.touchedRules.add(rule.id);
    writeChain(this.changes, 'schema', encodeSchemaRule(rule), rule.id);
  }

  /** Replaces the content of the rule with this id. */
  updateRule(rule: SchemaRule): void {
    this.touchedRules.add(rule.id);
    rewriteChain(this.changes, 'schema', encodeSchemaRule(rule), rule.id);
  }

  dropRule(id: number): void {
    this.touchedRules.add(id);
    deleteChain(this.changes, 'schema', id);
  }

  /** Returns the outcome. Call once, after everything else. */
  finish(): RecordResult {
    if (this.isFinished) throw new GraphkeepError('internal', 'a transaction was finished twice');
    this.isFinished = true;
    const { firstGraphProperty } = this.properties;
    return { commands: this.makeCommands(), ...this.collectRecords(), firstGraphProperty };
  }

  private setAll(owner: Owner, properties: readonly KeyedValue[]): void {
    for (const { key, value } of properties) this.properties.set(owner, key, value);
  }

  private makeCommands(): LogCommand[] {
    const { firstGraphProperty: nextPropBefore } = this.changes.view;
    const nextPropAfter = this.properties.firstGraphProperty;
    const graph: LogCommand[] =
      nextPropBefore === nextPropAfter ? [] : [{ kind: 'neoStore', nextPropBefore, nextPropAfter }];
    return [
      ...tokenCommands(this.changes),
      ...recordCommands(this.changes, this.properties),
      ...graph,
      ...schemaCommands(this.changes, this.touchedRules),
      ...countsCommands(this.changes),
    ];
  }

  private collectRecords(): Pick<RecordResult, 'records' | 'freed'> {
    const records = new Map<StoreKey, Map<number, RecordOf[StoreKey] | undefined>>();
    const freed = new Map<StoreKey, number[]>();
    for (const { key } of storeFiles) {
      const changed = this.changes.changed(key);
      if (changed.length > 0) records.set(key, new Map(changed.map(({ id, now }) => [id, now])));
      const unused = [...this.changes.touched(key)].filter(({ now }) => now === undefined).map(({ id }) => id);
      if (unused.length > 0) freed.set(key, unused);
    }
    return { records, freed };
  }
}
