import type { LogCommand } from '../../../src/log/v3/commands/command-table.ts';
import type { DynamicImage } from '../../../src/log/v3/commands/dynamic-record-image.ts';
import type { StoreKey } from '../../../src/store/files/store-files.ts';
import type { StoreFormat } from '../../../src/store/files/store-format.ts';
import { splitIntoChain } from '../../../src/store/records/dynamic-chain.ts';
import type { TokenKind } from '../../../src/store/records/token-record.ts';
import { type Dice, IdPool } from '../random/dice.ts';
import type { MemoryStore } from '../stores/memory-store.ts';
import { countsCommands, type ModelCounts, modelCounts } from './model-counts.ts';
import {
  BEFORE,
  freedRecords,
  groupImage,
  type ModelGroup,
  type ModelNode,
  type ModelProperty,
  type ModelRelationship,
  nodeImage,
  propertyImage,
  relationshipImage,
} from './model-records.ts';

interface Tables {
  node: Map<number, ModelNode>;
  relationship: Map<number, ModelRelationship>;
  relationshipGroup: Map<number, ModelGroup>;
  property: Map<number, ModelProperty>;
}

type TableKey = keyof Tables;
type RecordIn<K extends TableKey> = Tables[K] extends Map<number, infer R> ? R : never;

/**
 * A graph store at the level of records, and the current transaction: changes go into the tables, and {@link commit} turns the difference
 * into commands with true before- and after-images.
 */
export class HistoryModel {
  readonly tables: Tables = {
    node: new Map(),
    relationship: new Map(),
    relationshipGroup: new Map(),
    property: new Map(),
  };
  readonly tokens: Record<TokenKind, number[]> = { label: [], relationshipType: [], propertyKey: [] };
  /** Schema rules by the id of their first record. */
  readonly rules = new Map<number, DynamicImage[]>();
  readonly dice: Dice;
  firstGraphProperty = -1;
  private readonly format: StoreFormat;
  private readonly dataBytes: (key: StoreKey) => number;
  private readonly pools = new Map<StoreKey, IdPool>();
  private before: { [K in TableKey]: Map<number, RecordIn<K> | undefined> } = this.nothingTouched();
  private other: LogCommand[] = [];
  private graphPropertyBefore = -1;
  private counts: ModelCounts = new Map();

  /** A model of an empty store. */
  constructor(store: MemoryStore, dice: Dice) {
    this.dice = dice;
    this.format = store.format;
    this.dataBytes = (key) => store.codec(key).size - store.format.dynamicHeaderBytes;
  }

  takeId(key: StoreKey): number {
    return this.pool(key).take();
  }

  /** The bytes as a chain of new records; `reusable` ids are used first. */
  chain(key: StoreKey, type: number, bytes: Uint8Array, reusable: readonly number[] = []): DynamicImage[] {
    const ids = [...reusable];
    const records = splitIntoChain(bytes, this.dataBytes(key), () => ids.shift() ?? this.takeId(key));
    return records.map(({ id, first, next, data }) => ({
      id,
      type,
      flags: first ? 3 : 1,
      next,
      data: Buffer.from(data),
    }));
  }

  ids(key: TableKey): number[] {
    return [...this.tables[key].keys()];
  }

  get<K extends TableKey>(key: K, id: number): RecordIn<K> {
    return this.tables[key].get(id) as RecordIn<K>;
  }

  /** Puts another record under `id`; undefined deletes it. */
  set<K extends TableKey>(key: K, id: number, record: RecordIn<K> | undefined): void {
    const table = this.tables[key] as Map<number, RecordIn<K>>;
    const before = this.before[key] as Map<number, RecordIn<K> | undefined>;
    if (!before.has(id)) before.set(id, table.get(id));
    if (record === undefined) table.delete(id);
    else table.set(id, record);
  }

  /** True where references beyond 36 bits can be stored. */
  get hasWideReferences(): boolean {
    return this.format.family === 'high_limit';
  }

  /** Rules created by the current transaction. */
  readonly createdRules = new Set<number>();

  isTouched(key: TableKey, id: number): boolean {
    return this.before[key].has(id);
  }

  createdNow(key: TableKey, id: number): boolean {
    return this.before[key].has(id) && this.before[key].get(id) === undefined;
  }

  addToken(kind: TokenKind, name: string): void {
    const names = {
      label: 'labelNames',
      relationshipType: 'relationshipTypeNames',
      propertyKey: 'propertyKeyNames',
    } as const;
    const id = this.tokens[kind].push(this.tokens[kind].length) - 1;
    const nameRecords = this.chain(names[kind], -1, Buffer.from(name));
    const unused = { inUse: false, propertyCount: 0, nameId: -1, nameRecords: [] };
    const after = { inUse: true, propertyCount: 0, nameId: nameRecords[0]!.id, nameRecords };
    this.other.push({ kind: 'token', token: kind, id, before: unused, after });
  }

  addRule(make: (id: number) => Uint8Array): void {
    const id = this.takeId('schema');
    const after = this.chain('schema', -1, make(id), [id]);
    this.rules.set(id, after);
    this.createdRules.add(id);
    // As servers write it: the before-list is a copy of the after-list.
    this.other.push({ kind: 'schemaRule', before: after, after, created: true });
  }

  dropRule(id: number): void {
    const before = this.rules.get(id)!;
    this.rules.delete(id);
    for (const record of before) this.pool('schema').release(record.id);
    this.other.push({ kind: 'schemaRule', before, after: freedRecords(before, []), created: false });
  }

  /** The commands of the transaction, in a server's order (spec transaction-logs 3.11). */
  commit(): LogCommand[] {
    this.assignUnits();
    const commands: LogCommand[] = this.other.filter(({ kind }) => kind === 'token');
    for (const phase of ['create', 'update', 'delete'] as const) {
      for (const id of this.touched('property', phase)) commands.push(this.propertyCommand(id));
      for (const id of this.touched('relationship', phase)) commands.push(this.relationshipCommand(id));
      for (const id of this.touched('relationshipGroup', phase)) commands.push(this.groupCommand(id));
      for (const id of this.touched('node', phase)) commands.push(this.nodeCommand(id));
    }
    if (this.firstGraphProperty !== this.graphPropertyBefore) {
      const nextPropBefore = this.graphPropertyBefore;
      commands.push({ kind: 'neoStore', nextPropBefore, nextPropAfter: this.firstGraphProperty });
    }
    commands.push(...this.other.filter(({ kind }) => kind !== 'token'));
    const counts = modelCounts(this.tables.node, this.tables.relationship);
    commands.push(...countsCommands(this.counts, counts));
    this.counts = counts;
    this.endTransaction();
    return commands;
  }

  private endTransaction(): void {
    this.before = this.nothingTouched();
    this.other = [];
    this.createdRules.clear();
    this.graphPropertyBefore = this.firstGraphProperty;
    for (const pool of this.pools.values()) pool.endTransaction();
  }

  private nothingTouched() {
    return { node: new Map(), relationship: new Map(), relationshipGroup: new Map(), property: new Map() };
  }

  private pool(key: StoreKey): IdPool {
    let pool = this.pools.get(key);
    if (pool === undefined) {
      const hasHeader = !['node', 'relationship', 'property'].includes(key);
      pool = new IdPool(this.dice, hasHeader ? 1 : 0);
      this.pools.set(key, pool);
    }
    return pool;
  }

  /** Ids of touched records by what happened to them, ascending. */
  private touched(key: TableKey, phase: 'create' | 'update' | 'delete'): number[] {
    const ids = [...this.before[key].keys()].filter((id) => {
      const [was, is] = [this.before[key].get(id) !== undefined, this.tables[key].has(id)];
      return phase === 'create' ? !was && is : phase === 'update' ? was && is : was && !is;
    });
    return ids.sort((a, b) => a - b);
  }

  /** Assigns second units as a server does: once the record no longer fits into one, until it fits again. */
  private assignUnits(): void {
    for (const key of ['node', 'relationship', 'relationshipGroup'] as const) {
      for (const id of this.before[key].keys()) {
        const old = this.before[key].get(id);
        const now = this.tables[key].get(id) as (ModelNode & ModelRelationship & ModelGroup) | undefined;
        if (now === undefined) {
          if (old === undefined) continue; // Created and deleted within the transaction: its id was given up unused.
          this.pool(key).release(id);
          if (old.unit >= 0) this.pool(key).release(old.unit);
        } else if (this.needsUnit(key, id, now)) {
          if (now.unit < 0) this.tables[key].set(id, { ...now, unit: this.takeId(key) });
        } else if (now.unit >= 0) {
          this.pool(key).release(now.unit);
          this.tables[key].set(id, { ...now, unit: -1 });
        }
      }
    }
    for (const [id, old] of this.before.property) {
      if (old !== undefined && !this.tables.property.has(id)) this.pool('property').release(id);
    }
  }

  private needsUnit(
    key: 'node' | 'relationship' | 'relationshipGroup',
    id: number,
    now: ModelNode & ModelRelationship,
  ): boolean {
    if (!this.format.secondUnits) return false;
    const marks = { firstInStart: (now.markers & 1) !== 0, firstInEnd: (now.markers & 2) !== 0 };
    const record = { ...now, ...marks, id, inUse: true, fixedReferences: now.fixed, secondaryUnit: 0 };
    return this.format[key].encode(record as never, Buffer.alloc(64), 0) !== undefined;
  }

  private side(key: 'node' | 'relationship' | 'relationshipGroup', id: number) {
    const old = this.before[key].get(id);
    const unit = this.tables[key].get(id)?.unit ?? -1;
    return { created: old === undefined, lostUnit: old !== undefined && old.unit !== unit ? old.unit : -1 };
  }

  private nodeCommand(id: number): LogCommand {
    const [old, now] = [this.before.node.get(id), this.tables.node.get(id)];
    const changed = old?.labelChain !== now?.labelChain;
    const [oldChain, newChain] = [old?.labelChain ?? [], now?.labelChain ?? []];
    const gone = changed ? freedRecords(oldChain, newChain) : [];
    for (const record of gone) this.pool('nodeLabels').release(record.id);
    const before = nodeImage(old, BEFORE, changed ? [...oldChain] : []);
    const after = nodeImage(now, this.side('node', id), changed ? [...newChain, ...gone] : []);
    return { kind: 'node', id, before, after };
  }

  private relationshipCommand(id: number): LogCommand {
    const before = relationshipImage(this.before.relationship.get(id), BEFORE);
    const after = relationshipImage(this.tables.relationship.get(id), this.side('relationship', id));
    return { kind: 'relationship', id, before, after };
  }

  private groupCommand(id: number): LogCommand {
    const [old, now] = [this.before.relationshipGroup.get(id), this.tables.relationshipGroup.get(id)];
    const before = groupImage(old, BEFORE, now);
    const after = groupImage(now, this.side('relationshipGroup', id), old);
    return { kind: 'relationshipGroup', wide: false, id, before, after };
  }

  private propertyCommand(id: number): LogCommand {
    const [old, now] = [this.before.property.get(id), this.tables.property.get(id)];
    const gone = (old?.blocks ?? []).filter((block) => !now?.blocks.includes(block)).flatMap((block) => block.chain);
    for (const { id, type } of gone) this.pool(type === 9 ? 'propertyStrings' : 'propertyArrays').release(id);
    const before = propertyImage(old, now, []);
    return { kind: 'property', id, before, after: propertyImage(now, old, freedRecords(gone, [])) };
  }
}
