import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ANY, type Counts } from '../../../src/store/counts/counts-store.ts';
import type { ConstraintRule, IndexRule } from '../../../src/store/graph/schema-rule.ts';
import type { StoreReader } from '../../../src/store/graph/store-reader.ts';
import { TokenNames } from '../../../src/store/graph/tokens.ts';
import type { KeyedValue } from '../../../src/store/values/property-chain.ts';
import type { PropertyValue, ScalarValue } from '../../../src/store/values/property-value.ts';
import { zoneName } from '../../../src/store/values/zone-table.ts';
import { corpusPath, unpackCorpus } from './unpack-corpus.ts';

/** Stores of the corpus that were closed cleanly and have an expected content. */
export const goldenStores = [
  '3.4.9-empty',
  '3.4.9-standard',
  '3.4.9-high_limit',
  '3.5.34-empty',
  '3.5.34-standard',
  '3.5.0-beta03-high_limit',
] as const;

/** Stores of the corpus that were killed, with what the server made of them at its next start. */
export const dirtyStores = ['3.4.9-standard-dirty', '3.4.9-high_limit-dirty', '3.5.34-standard-dirty'] as const;

/** The content of the files of a cleanly closed store. */
export interface ExpectedStore extends ExpectedGraph {
  recordFormat: string;
  neostore: Record<string, string>;
  countsLive: { file: string; txId: number; minorVersion: number; entries: number };
  idFiles: Record<string, { status: number; highId: number; free: number[] }>;
}

/** The content according to a server. */
export interface ExpectedGraph {
  nodes: { id: number; labels: string[]; props: Record<string, unknown> }[];
  relationships: { id: number; type: string; start: number; end: number; props: Record<string, unknown> }[];
  // biome-ignore lint/suspicious/noExplicitAny: rows of procedures, whose columns differ between releases
  indexes: any[];
  constraints: { description: string }[];
  labelTokens: string[];
  relationshipTypeTokens: string[];
  propertyKeyTokens: string[];
  counts: { nodes: number; relationships: number; byLabel: Record<string, number>; byType: Record<string, number> };
  graphProperties: Record<string, unknown>;
}

export function expectedStore(name: string): ExpectedStore {
  return readExpected(`stores/${name}`);
}

/** Expected content of one of the {@link dirtyStores} after recovery. */
export function expectedRecovered(name: string): ExpectedGraph {
  return readExpected(`recovery/${name}`);
}

function readExpected<T extends ExpectedGraph>(path: string): T {
  return JSON.parse(gunzipSync(readFileSync(corpusPath(`${path}.expected.json.gz`))).toString());
}

/** Unpacks a store of the corpus below `parent` and returns its database directory. */
export async function unpackStore(name: string, parent: string, topic = 'stores'): Promise<string> {
  const directory = join(parent, name);
  await unpackCorpus(`${topic}/${name}.tar.gz`, directory);
  return name.startsWith('small-') ? directory : join(directory, 'graph.db');
}

/** Everything that a user can see in a store, in the notation of the expected files. */
export function noteGraph(reader: StoreReader) {
  const labels = new TokenNames(reader.tokens('label'));
  const types = new TokenNames(reader.tokens('relationshipType'));
  const keys = new TokenNames(reader.tokens('propertyKey'));
  const note = (properties: Iterable<KeyedValue>) =>
    Object.fromEntries([...properties].map(({ key, value }) => [keys.name(key), noteValue(value)]));
  const rules = reader.schemaRules();
  return {
    labelTokens: sortedNames(labels),
    relationshipTypeTokens: sortedNames(types),
    propertyKeyTokens: sortedNames(keys),
    nodes: [...reader.nodes()].map((node) => ({
      id: node.id,
      labels: node.labels.map((label) => labels.name(label)!).sort(),
      props: note(node.properties),
    })),
    relationships: [...reader.relationships()].map(({ id, type, start, end, properties }) => ({
      id,
      type: types.name(type),
      start,
      end,
      props: note(properties),
    })),
    graphProperties: note(reader.graphProperties()),
    indexes: rules
      .filter((rule) => rule.kind === 'index')
      .map((rule) => noteIndex(rule, rule.schema.entity === 'node' ? labels : types, keys))
      .sort(),
    constraints: rules
      .filter((rule) => rule.kind === 'constraint')
      .map((rule) => noteConstraint(rule, rule.schema.entity === 'node' ? labels : types, keys))
      .sort(),
  };
}

function sortedNames(tokens: TokenNames): string[] {
  return [...tokens].map((token) => token.name).sort();
}

function noteIndex({ provider, schema, unique }: IndexRule, names: TokenNames, keys: TokenNames): string {
  const tokens = schema.entityTokens.map((id) => names.name(id));
  const properties = schema.propertyKeys.map((id) => keys.name(id));
  return `${provider.key}-${provider.version} ${tokens}(${properties}) ${unique}`;
}

function noteConstraint({ type, schema }: ConstraintRule, names: TokenNames, keys: TokenNames): string {
  const token = names.name(schema.entityTokens[0]!)!;
  const variable = token.toLowerCase();
  const properties = schema.propertyKeys.map((id) => `${variable}.${keys.name(id)}`);
  const list = properties.length === 1 ? properties[0] : `(${properties.join(', ')})`;
  const pattern = schema.entity === 'node' ? `( ${variable}:${token} )` : `()-[ ${variable}:${token} ]-()`;
  const assertion = { existence: `exists(${list})`, unique: `${list} IS UNIQUE`, 'node-key': `${list} IS NODE KEY` };
  return `CONSTRAINT ON ${pattern} ASSERT ${assertion[type]}`;
}

/** What {@link noteGraph} must return for a store with this content. */
export function noteExpected(expected: ExpectedGraph): ReturnType<typeof noteGraph> {
  const plain = withoutIso(expected) as ExpectedGraph;
  return {
    labelTokens: [...plain.labelTokens].sort(),
    relationshipTypeTokens: [...plain.relationshipTypeTokens].sort(),
    propertyKeyTokens: [...plain.propertyKeyTokens].sort(),
    nodes: plain.nodes,
    relationships: plain.relationships,
    graphProperties: plain.graphProperties as Record<string, unknown>,
    indexes: plain.indexes.map(noteIndexRow).sort(),
    constraints: plain.constraints
      .map(({ description }) => description.replace(/ASSERT \((\S+)\) IS/, 'ASSERT $1 IS'))
      .sort(),
  };
}

function noteIndexRow(row: ExpectedGraph['indexes'][number]): string {
  const { key, version } = row.provider;
  const tokens = row.tokenNames ?? [row.label];
  return `${key}-${version} ${tokens.join()}(${row.properties.join()}) ${row.type === 'node_unique_property'}`;
}

/** The counts named in `expected`, for comparison with it. */
export function noteCounts(counts: Counts, reader: StoreReader, expected: ExpectedGraph['counts']) {
  const labels = new TokenNames(reader.tokens('label'));
  const types = new TokenNames(reader.tokens('relationshipType'));
  const pairs = (names: object, count: (name: string) => number) =>
    Object.fromEntries(Object.keys(names).map((name) => [name, count(name)]));
  return {
    nodes: counts.nodeCount(ANY),
    relationships: counts.relationshipCount(ANY, ANY, ANY),
    byLabel: pairs(expected.byLabel, (name) => counts.nodeCount(labels.id(name)!)),
    byType: pairs(expected.byType, (name) => counts.relationshipCount(ANY, types.id(name)!, ANY)),
  };
}

/** Counts as plain data, without index entries. */
export function plainCounts(counts: Counts) {
  return {
    nodes: [...counts.nodes].sort(([a], [b]) => a - b),
    relationships: [...counts.relationships]
      .map(([type, sides]) => [type, [...sides].sort(([a], [b]) => a - b)] as const)
      .sort(([a], [b]) => a - b),
  };
}

/** A value in the notation of the expected files (see the README there), without `iso`. */
export function noteValue(value: PropertyValue): unknown {
  if (value.type !== 'array') return { t: shortName(value.type), v: noteScalar(value) };
  return { t: `${shortName(value.of)}[]`, v: value.elements.map(noteScalar) };
}

/** An expected value without the parts that are only for humans. */
function withoutIso(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIso);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'iso')
      .map(([key, inner]) => [key, withoutIso(inner)]),
  );
}

function shortName(type: ScalarValue['type']): string {
  return type === 'boolean' ? 'bool' : type;
}

function hex(bits: number | bigint, digits: number): string {
  return bits.toString(16).padStart(digits, '0');
}

function noteScalar(value: ScalarValue): unknown {
  switch (value.type) {
    case 'long':
      return String(value.value);
    case 'float':
      return hex(value.bits, 8);
    case 'double':
      return hex(value.bits, 16);
    case 'point':
      return { srid: value.srid, c: value.coordinates.map((bits) => hex(bits, 16)) };
    case 'date':
      return { epochDay: String(value.epochDay) };
    case 'localtime':
      return { nanoOfDay: String(value.nanoOfDay) };
    case 'time':
      return { localNanoOfDay: String(value.localNanoOfDay), offset: value.offsetSeconds };
    case 'localdatetime':
      return { epochSecond: String(value.epochSecond), nano: value.nanoOfSecond };
    case 'datetime': {
      const place = value.zone === undefined ? { offset: value.offsetSeconds } : { zone: zoneName(value.zone) };
      return { epochSecond: String(value.epochSecond), nano: value.nanoOfSecond, ...place };
    }
    case 'duration':
      return {
        months: String(value.months),
        days: String(value.days),
        seconds: String(value.seconds),
        nanos: value.nanos,
      };
    default:
      return value.value;
  }
}
