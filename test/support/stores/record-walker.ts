import { Counts } from '../../../src/store/counts/counts-store.ts';
import { type StoreKey, storeFiles } from '../../../src/store/files/store-files.ts';
import { decodeSchemaRule, type SchemaRule } from '../../../src/store/graph/schema-rule.ts';
import type { DynamicRecord } from '../../../src/store/records/dynamic-record.ts';
import type { NodeRecord } from '../../../src/store/records/node-record.ts';
import {
  readBlockCount,
  readBlockKey,
  readBlockReference,
  readBlockType,
} from '../../../src/store/records/property-block-layout.ts';
import type { RelationshipRecord } from '../../../src/store/records/relationship-record.ts';
import { dynamicLabelField, hasDynamicLabels, readLabels } from '../../../src/store/values/labels.ts';
import { decodeValue } from '../../../src/store/values/property-blocks.ts';
import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import type { RecordMemory } from './record-memory.ts';

export type WalkedProperties = Map<number, PropertyValue>;

export interface WalkedNode {
  labels: number[];
  properties: WalkedProperties;
}

export interface WalkedRelationship {
  type: number;
  start: number;
  end: number;
  properties: WalkedProperties;
}

export interface WalkedGraph {
  nodes: Map<number, WalkedNode>;
  relationships: Map<number, WalkedRelationship>;
  graphProperties: WalkedProperties;
  rules: Map<number, SchemaRule>;
  tokens: Map<string, string>;
  denseNodes: number;
}

type DynamicStore = Extract<
  StoreKey,
  'nodeLabels' | 'propertyStrings' | 'propertyArrays' | 'schema' | `${string}Names`
>;

/** All records of a store. */
export type WalkedStore = Pick<RecordMemory, 'read' | 'all' | 'dataBytes' | 'firstGraphProperty'>;

/**
 * Reads the graph from all records and checks every rule of spec record-stores 10 on the way; throws at the first violation. Independent of
 * the code that changes records.
 */
export function walkRecords(store: WalkedStore): WalkedGraph {
  return new Walk(store).graph();
}

class Walk {
  private readonly store: WalkedStore;
  /** Records that something led to. */
  private readonly reached = new Map<StoreKey, Set<number>>(storeFiles.map(({ key }) => [key, new Set()]));
  /** `node relationship` of each place in a relationship chain. */
  private readonly places = new Set<string>();
  private denseNodes = 0;

  constructor(store: WalkedStore) {
    this.store = store;
  }

  graph(): WalkedGraph {
    const nodes = new Map(this.store.all('node').map((node) => [node.id, this.node(node)]));
    const relationships = new Map(
      this.store.all('relationship').map((record) => [record.id, this.relationship(record)]),
    );
    const graphProperties = this.properties(this.store.firstGraphProperty);
    const rules = this.rules();
    const tokens = this.tokens();
    this.checkReached();
    return { nodes, relationships, graphProperties, rules, tokens, denseNodes: this.denseNodes };
  }

  private node(node: Readonly<NodeRecord>): WalkedNode {
    const labels = this.labels(node);
    if (node.dense) this.groups(node);
    else this.chain(node.id, node.nextRel, (record) => record.start === node.id || record.end === node.id);
    return { labels, properties: this.properties(node.nextProp) };
  }

  private labels({ id, labelField }: Readonly<NodeRecord>): number[] {
    const labels = readLabels(id, labelField, (record) => this.store.read('nodeLabels', record));
    check(
      labels.every((label, i) => i === 0 || label > labels[i - 1]!),
      `labels of node ${id} do not ascend: ${labels}`,
    );
    if (hasDynamicLabels(labelField)) {
      this.dynamics('nodeLabels', labelField - dynamicLabelField(0));
      check(
        labels.length > 7 || Math.max(...labels) >= 2 ** Math.floor(36 / labels.length),
        `node ${id}: labels fit inline`,
      );
    }
    return labels;
  }

  private groups(node: Readonly<NodeRecord>): void {
    this.denseNodes++;
    let type = -1;
    for (let id = node.nextRel; id !== -1; ) {
      this.reach('relationshipGroup', id);
      const group = this.store.read('relationshipGroup', id)!;
      check(group.owner === node.id, `group ${id} has another owner`);
      check(group.type > type, `group ${id} is not in order`);
      type = group.type;
      check(
        [group.firstOut, group.firstIn, group.firstLoop].some((first) => first !== -1),
        `group ${id} is empty`,
      );
      const ofType = (record: RelationshipRecord) => record.type === group.type;
      this.chain(node.id, group.firstOut, (r) => ofType(r) && r.start === node.id && r.end !== node.id);
      this.chain(node.id, group.firstIn, (r) => ofType(r) && r.end === node.id && r.start !== node.id);
      this.chain(node.id, group.firstLoop, (r) => ofType(r) && r.start === node.id && r.end === node.id);
      id = group.next;
    }
  }

  private chain(node: number, first: number, belongs: (record: Readonly<RelationshipRecord>) => boolean): void {
    let previous = -1;
    let claimed = 0;
    let length = 0;
    for (let id = first; id !== -1; length++) {
      const record = this.store.read('relationship', id);
      check(record !== undefined && belongs(record), `relationship ${id} is not one of the chain of node ${node}`);
      check(!this.places.has(`${node} ${id}`), `relationship ${id} is in chains of node ${node} twice`);
      this.places.add(`${node} ${id}`);
      const { start, end, startPrev, startNext, endPrev, endNext, firstInStart, firstInEnd } = record!;
      const sides = [];
      if (start === node) sides.push({ prev: startPrev, next: startNext, isFirst: firstInStart });
      if (end === node) sides.push({ prev: endPrev, next: endNext, isFirst: firstInEnd });
      for (const side of sides) {
        check(side.isFirst === (id === first), `relationship ${id} has a wrong mark in the chain of node ${node}`);
        check(side.next === sides[0]!.next && side.prev === sides[0]!.prev, `loop ${id} has two sides`);
        if (id === first) claimed = side.prev;
        else check(side.prev === previous, `relationship ${id} points back to ${side.prev} instead of ${previous}`);
      }
      previous = id;
      id = sides[0]!.next;
    }
    check(claimed === length, `a chain of node ${node} has ${length} relationships and claims ${claimed}`);
  }

  private relationship({ id, type, start, end, nextProp }: Readonly<RelationshipRecord>): WalkedRelationship {
    check(this.places.delete(`${start} ${id}`), `relationship ${id} is in no chain of its start node`);
    if (end !== start) check(this.places.delete(`${end} ${id}`), `relationship ${id} is in no chain of its end node`);
    return { type, start, end, properties: this.properties(nextProp) };
  }

  private properties(first: number): WalkedProperties {
    const properties: WalkedProperties = new Map();
    let previous = -1;
    for (let id = first; id !== -1; ) {
      this.reach('property', id);
      const { prev, next, blocks, blockCount } = this.store.read('property', id)!;
      check(prev === previous, `property record ${id} points back to ${prev} instead of ${previous}`);
      check(blockCount > 0, `property record ${id} is empty`);
      let at = 0;
      while (at < blockCount) {
        const key = readBlockKey(blocks, at * 8);
        check(!properties.has(key), `key ${key} is there twice`);
        properties.set(key, this.value(blocks, at * 8));
        at += readBlockCount(blocks, at * 8);
      }
      check(at === blockCount && at <= 4, `property record ${id} has ${blockCount} blocks, its values ${at}`);
      previous = id;
      id = next;
    }
    return properties;
  }

  private value(blocks: Uint8Array, offset: number): PropertyValue {
    const type = readBlockType(blocks, offset);
    if (type === 9) this.dynamics('propertyStrings', readBlockReference(blocks, offset));
    if (type === 10) this.dynamics('propertyArrays', readBlockReference(blocks, offset));
    return decodeValue(blocks, offset, {
      readString: (id) => this.store.read('propertyStrings', id),
      readArray: (id) => this.store.read('propertyArrays', id),
    });
  }

  private dynamics(key: DynamicStore, first: number): Buffer {
    const parts: Uint8Array[] = [];
    for (let id = first; id !== -1; ) {
      this.reach(key, id);
      const record: Readonly<DynamicRecord> = this.store.read(key, id)!;
      check(record.first === (id === first), `${key} ${id} has a wrong mark`);
      check(record.next === -1 || record.data.length === this.store.dataBytes(key), `${key} ${id} is not full`);
      check(record.data.length <= this.store.dataBytes(key), `${key} ${id} is too long`);
      parts.push(record.data);
      id = record.next;
    }
    return Buffer.concat(parts);
  }

  private rules(): Map<number, SchemaRule> {
    const firsts = this.store.all('schema').filter((record) => record.first);
    return new Map(firsts.map(({ id }) => [id, decodeSchemaRule(id, this.dynamics('schema', id))]));
  }

  private tokens(): Map<string, string> {
    const tokens = new Map<string, string>();
    const names = {
      label: 'labelNames',
      relationshipType: 'relationshipTypeNames',
      propertyKey: 'propertyKeyNames',
    } as const;
    for (const kind of ['label', 'relationshipType', 'propertyKey'] as const) {
      for (const { id, nameId } of this.store.all(kind)) {
        this.reach(kind, id);
        tokens.set(`${kind} ${id}`, this.dynamics(names[kind], nameId).toString());
      }
    }
    return tokens;
  }

  private reach(key: StoreKey, id: number): void {
    check(this.store.read(key, id) !== undefined, `${key} ${id} is not in use`);
    const reached = this.reached.get(key)!;
    check(!reached.has(id), `${key} ${id} has two owners`);
    reached.add(id);
  }

  private checkReached(): void {
    check(this.places.size === 0, `places in chains without a relationship: ${[...this.places]}`);
    for (const [key, reached] of this.reached) {
      if (key === 'node' || key === 'relationship') continue;
      const lost = this.store.all(key).filter(({ id }) => !reached.has(id));
      check(lost.length === 0, `${key}: nobody owns ${lost.map(({ id }) => id)}`);
    }
  }
}

function check(isTrue: boolean, message: string): void {
  if (!isTrue) throw new Error(message);
}

/** What the counts store must say about a graph (spec record-stores 12). */
export function countGraph({ nodes, relationships }: Pick<WalkedGraph, 'nodes' | 'relationships'>): Counts {
  const counts = new Counts();
  for (const { labels } of nodes.values()) for (const label of [-1, ...labels]) counts.addNodes(label, 1);
  for (const { type, start, end } of relationships.values()) {
    for (const counted of [-1, type]) {
      counts.addRelationships(-1, counted, -1, 1);
      for (const label of nodes.get(start)!.labels) counts.addRelationships(label, counted, -1, 1);
      for (const label of nodes.get(end)!.labels) counts.addRelationships(-1, counted, label, 1);
    }
  }
  return counts;
}
