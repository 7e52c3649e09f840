import { createHash } from 'node:crypto';
import { describeExplicitIndexes } from './explicit-indexes.ts';
import { Float64, Structure, tags, type Value } from './packstream.ts';
import type { CypherTarget } from './server.ts';

export interface ExportedNode {
  readonly id: number;
  readonly labels: readonly string[];
  readonly props: Readonly<Record<string, string>>;
}

export interface ExportedRelationship {
  readonly id: number;
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly props: Readonly<Record<string, string>>;
}

/** Everything Cypher can see of a database, in canonical order and with values as exact, typed text. */
export interface Graph {
  readonly nodes: readonly ExportedNode[];
  readonly relationships: readonly ExportedRelationship[];
  readonly indexes: readonly string[];
  readonly constraints: readonly string[];
  readonly tokens: readonly string[];
  /** Explicit indexes, and what lookups find in them. */
  readonly explicitIndexes: readonly string[];
  /** SHA-256 over all of the above. */
  readonly digest: string;
}

/** Exports the graph of a server, after all its indexes are online (a failed one is exported as failed). */
export async function exportGraph(server: CypherTarget): Promise<Graph> {
  await awaitIndexes(server);
  const nodes = await server.cypher('MATCH (n) RETURN id(n), labels(n), properties(n)');
  const relationships = await server.cypher('MATCH (a)-[r]->(b) RETURN id(r), type(r), id(a), id(b), properties(r)');
  const content = {
    nodes: nodes.rows
      .map(([id, labels, props]) => ({
        id: id as number,
        labels: [...(labels as string[])].sort(),
        props: canonicalProperties(props as Record<string, Value>),
      }))
      .sort((a, b) => a.id - b.id),
    relationships: relationships.rows
      .map(([id, type, start, end, props]) => ({
        id: id as number,
        type: type as string,
        start: start as number,
        end: end as number,
        props: canonicalProperties(props as Record<string, Value>),
      }))
      .sort((a, b) => a.id - b.id),
    indexes: await list(server, 'CALL db.indexes() YIELD description, state, type RETURN description, state, type'),
    constraints: await list(server, 'CALL db.constraints() YIELD description RETURN description'),
    tokens: [
      ...(await list(server, "CALL db.labels() YIELD label RETURN 'label', label")),
      ...(await list(server, "CALL db.relationshipTypes() YIELD relationshipType AS t RETURN 'type', t")),
      ...(await list(server, "CALL db.propertyKeys() YIELD propertyKey RETURN 'key', propertyKey")),
    ],
    explicitIndexes: await describeExplicitIndexes(server),
  };
  return { ...content, digest: createHash('sha256').update(JSON.stringify(content)).digest('hex') };
}

/** The differences between two graphs, one line each, at most `limit`; empty means equal. */
export function findDifferences(expected: Graph, actual: Graph, limit = 20): string[] {
  if (expected.digest === actual.digest) return [];
  const lines = [
    ...compareSets('node', keyById(expected.nodes), keyById(actual.nodes)),
    ...compareSets('relationship', keyById(expected.relationships), keyById(actual.relationships)),
    ...compareSets('index', keyByText(expected.indexes), keyByText(actual.indexes)),
    ...compareSets('constraint', keyByText(expected.constraints), keyByText(actual.constraints)),
    ...compareSets('token', keyByText(expected.tokens), keyByText(actual.tokens)),
    ...compareSets('explicit index', keyByText(expected.explicitIndexes), keyByText(actual.explicitIndexes)),
  ];
  return lines.length > limit ? [...lines.slice(0, limit), `... and ${lines.length - limit} more`] : lines;
}

function keyById(items: readonly { readonly id: number }[]): Map<string, string> {
  return new Map(items.map((item) => [String(item.id), JSON.stringify(item)]));
}

function keyByText(items: readonly string[]): Map<string, string> {
  return new Map(items.map((item) => [item, item]));
}

function compareSets(what: string, expected: Map<string, string>, actual: Map<string, string>): string[] {
  const lines: string[] = [];
  for (const [key, text] of expected) {
    const other = actual.get(key);
    if (other === undefined) lines.push(`${what} missing: ${text}`);
    else if (other !== text) lines.push(`${what} differs: expected ${text}, found ${other}`);
  }
  for (const [key, text] of actual) if (!expected.has(key)) lines.push(`${what} too many: ${text}`);
  return lines;
}

/** Resolves when no index is populating any more. */
export async function awaitIndexes(server: CypherTarget, timeoutMs = 180_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { rows } = await server.cypher(
      "CALL db.indexes() YIELD description, state WITH description, state WHERE state = 'POPULATING' RETURN description",
    );
    if (rows.length === 0) return;
    if (Date.now() > deadline) throw new Error(`indexes still populating: ${rows.map((row) => row[0]).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function list(server: CypherTarget, statement: string): Promise<string[]> {
  const { rows } = await server.cypher(statement);
  return rows.map((row) => row.map(String).join(' ')).sort();
}

export function canonicalProperties(props: Readonly<Record<string, Value>>): Record<string, string> {
  const entries = Object.entries(props).map(([key, value]) => [key, canonicalValue(value)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const structureNames = new Map<number, string>(Object.entries(tags).map(([name, tag]) => [tag, name]));

/** A property value as text that differs whenever type or value differ: `1`, `1.0`, `"1"`, `date(17000)`, `[1,2]`. */
export function canonicalValue(value: Value): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Float64) return canonicalFloat(value.value);
  if (value instanceof Uint8Array) return `bytes(${Buffer.from(value).toString('hex')})`;
  if (value instanceof Structure) {
    return `${structureNames.get(value.tag) ?? value.tag}(${value.fields.map(canonicalValue).join(',')})`;
  }
  if (Array.isArray(value)) return `[${value.map(canonicalValue).join(',')}]`;
  throw new Error('a map is not a property value');
}

function canonicalFloat(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
