import type { KeyedValue } from '../../store/values/property-chain.ts';
import { readNodeLabels, readProperties, walkRelationships } from '../records/record-walks.ts';
import type { GraphNode, GraphRelationship, Properties } from './graph.ts';
import type { LiveRecords } from './live-records.ts';
import type { LiveTokens } from './live-tokens.ts';

/** The graph in the records, as of the last commit. Returned objects belong to the caller. */
export class LiveGraph {
  private readonly records: LiveRecords;
  private readonly tokens: LiveTokens;

  constructor(records: LiveRecords, tokens: LiveTokens) {
    this.records = records;
    this.tokens = tokens;
  }

  node(id: number): GraphNode | undefined {
    const record = this.records.read('node', id);
    if (record === undefined) return undefined;
    const labels = readNodeLabels(this.records, record).map((label) => this.tokens.name('label', label));
    return { id, labels, properties: this.properties(record.nextProp) };
  }

  hasNode(id: number): boolean {
    return this.records.read('node', id) !== undefined;
  }

  relationship(id: number): GraphRelationship | undefined {
    const record = this.records.read('relationship', id);
    return record === undefined ? undefined : this.describe(record);
  }

  hasRelationship(id: number): boolean {
    return this.records.read('relationship', id) !== undefined;
  }

  /** Yields each node in its state when the generator reaches it. */
  *nodes(): Generator<GraphNode> {
    for (let id = 0; id < this.records.endIdOf('node'); id++) {
      const node = this.node(id);
      if (node !== undefined) yield node;
    }
  }

  *relationships(): Generator<GraphRelationship> {
    for (let id = 0; id < this.records.endIdOf('relationship'); id++) {
      const relationship = this.relationship(id);
      if (relationship !== undefined) yield relationship;
    }
  }

  relationshipsOf(node: number): GraphRelationship[] {
    return [...walkRelationships(this.records, node)].map((record) => this.describe(record));
  }

  graphProperties(): Properties {
    return this.properties(this.records.firstGraphProperty);
  }

  private describe(record: {
    id: number;
    type: number;
    start: number;
    end: number;
    nextProp: number;
  }): GraphRelationship {
    const { id, type, start, end, nextProp } = record;
    return { id, type: this.tokens.name('relationshipType', type), start, end, properties: this.properties(nextProp) };
  }

  private properties(firstId: number): Properties {
    return this.toProperties(readProperties(this.records, firstId));
  }

  private toProperties(values: Iterable<KeyedValue>): Properties {
    const properties: Properties = {};
    for (const { key, value } of values) setOwn(properties, this.tokens.name('propertyKey', key), value);
    return properties;
  }
}

/** A key may have any name, even `__proto__`. */
export function setOwn(properties: Properties, key: string, value: Properties[string]): void {
  if (key in Object.prototype) {
    Object.defineProperty(properties, key, { value, enumerable: true, writable: true, configurable: true });
  } else {
    properties[key] = value;
  }
}
