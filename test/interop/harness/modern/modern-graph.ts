import type { ModernValue } from './jolt.ts';
import {
  describeNode,
  describeRelationship,
  hubKeys,
  itemTags,
  ModernPlan,
  relationshipTypes,
  writerKey,
} from './modern-plan.ts';
import { awaitModernIndexes } from './modern-schema.ts';
import { WORDS } from './random-properties.ts';
import type { ModernServer } from './server.ts';

/** A graph in a form that two of them can be compared in: ids are the server's own, so everything is named by its key. */
export interface ModernGraph {
  /** The number of each writer. */
  readonly counters: readonly number[];
  /** A line for each node and relationship, and for what the server answers from its counts and indexes. */
  readonly lines: readonly string[];
}

/** The most lines that a comparison returns. */
const MOST_LINES = 20;

/** The exact graph of a load whose writers have come to these numbers. */
export function modelAt(seed: number, counters: readonly number[]): ModernGraph {
  const plans = counters.map((counter, writer) => ModernPlan.at(seed, writer, counter));
  const items = plans.flatMap((plan) => [...plan.items.values()]);
  const edges = plans.flatMap((plan) => [...plan.edges.values()]);
  const withLabel = (label: string) => items.filter(({ labels }) => labels.has(label)).length;
  const withText = (name: string, fits: (text: string) => boolean) =>
    items.filter(({ properties }) => fits(String(properties.get(name) ?? ''))).length;
  const lines = [
    ...hubKeys.map((key) => describeNode(['Hub'], { key })),
    ...counters.map((number, writer) => describeNode(['Writer'], { key: writerKey(writer), number })),
    ...items.map(({ labels, properties }) => describeNode(labels, Object.fromEntries(properties))),
    ...edges.map(({ type, from, to, properties }) =>
      describeRelationship(type, from, to, Object.fromEntries(properties)),
    ),
    `count of all nodes: ${items.length + hubKeys.length + counters.length}`,
    `count of all relationships: ${edges.length}`,
    ...['Item', ...itemTags].map((label) => `count of ${label}: ${withLabel(label)}`),
    ...relationshipTypes.map((type) => `count of ${type}: ${edges.filter((edge) => edge.type === type).length}`),
    `found by key: ${items.length}`,
    `found by score: ${items.filter(({ properties }) => properties.has('score')).length}`,
    `found by day: ${items.filter(({ properties }) => properties.has('day')).length}`,
    ...WORDS.map((word) => `found by name ${word}: ${withText('name', (text) => text.startsWith(word))}`),
    ...hubKeys.map((key) => `degree of ${key}: ${edges.filter(({ to }) => to === key).length}`),
  ];
  return { counters, lines: lines.sort() };
}

/** The graph of a server, read when all its indexes are online. */
export async function readModernGraph(server: ModernServer): Promise<ModernGraph> {
  await awaitModernIndexes(server);
  const nodes = await server.cypher('MATCH (n) RETURN labels(n), properties(n)');
  const relationships = await server.cypher('MATCH (a)-[r]->(b) RETURN type(r), a.key, b.key, properties(r)');
  const keys = nodes.rows.flatMap(([labels, properties]) =>
    (labels as string[]).includes('Item') ? [(properties as { key: string }).key] : [],
  );
  const count = async (what: string, statement: string, parameters = {}) => {
    const { rows } = await server.cypher(`${statement} RETURN count(*)`, parameters);
    return `${what}: ${rows[0]![0]}`;
  };
  const lines = [
    ...nodes.rows.map(([labels, properties]) => describeNode(labels as string[], properties as Properties)),
    ...relationships.rows.map(([type, from, to, properties]) =>
      describeRelationship(String(type), String(from), String(to), properties as Properties),
    ),
    await count('count of all nodes', 'MATCH (n)'),
    await count('count of all relationships', 'MATCH ()-[r]->()'),
    await count('found by key', 'UNWIND $keys AS key MATCH (n:Item {key: key})', { keys }),
    await count('found by score', 'MATCH (n:Item) WHERE n.score >= -1000000'),
    await count('found by day', "MATCH (n:Item) WHERE n.day >= date('1900-01-01')"),
  ];
  for (const label of ['Item', ...itemTags]) lines.push(await count(`count of ${label}`, `MATCH (n:${label})`));
  for (const type of relationshipTypes) lines.push(await count(`count of ${type}`, `MATCH ()-[r:${type}]->()`));
  for (const word of WORDS) {
    lines.push(await count(`found by name ${word}`, 'MATCH (n:Item) WHERE n.name STARTS WITH $word', { word }));
  }
  for (const key of hubKeys) lines.push(await count(`degree of ${key}`, 'MATCH (n:Hub {key: $key})<-[r]-()', { key }));
  return { counters: await readCounters(server), lines: lines.sort() };
}

type Properties = Readonly<Record<string, ModernValue>>;

async function readCounters(server: ModernServer): Promise<number[]> {
  const { rows } = await server.cypher('MATCH (n:Writer) RETURN n.number ORDER BY toInteger(substring(n.key, 6))');
  return rows.map(([number]) => number as number);
}

/** What is missing in the actual graph, and what is too much, a line each; empty means equal. */
export function findModernDifferences(expected: ModernGraph, actual: ModernGraph): string[] {
  const left = new Map<string, number>();
  for (const line of actual.lines) left.set(line, (left.get(line) ?? 0) + 1);
  const missing: string[] = [];
  for (const line of expected.lines) {
    const count = left.get(line) ?? 0;
    if (count === 0) missing.push(`missing: ${line}`);
    else left.set(line, count - 1);
  }
  const excess = [...left].flatMap(([line, count]) => Array<string>(count).fill(`too much: ${line}`));
  const all = [...missing, ...excess];
  return all.length > MOST_LINES ? [...all.slice(0, MOST_LINES), `... and ${all.length - MOST_LINES} more`] : all;
}

/**
 * What is wrong with the database of a server that was restored from a backup of a loaded one; empty if nothing. `atLeast` was
 * acknowledged before the backup, `atMost` was sent when it ended.
 */
export async function judgeModern(
  server: ModernServer,
  seed: number,
  atLeast: readonly number[],
  atMost: readonly number[],
): Promise<string[]> {
  const graph = await readModernGraph(server);
  if (graph.counters.length !== atLeast.length) return [`${graph.counters.length} writers, not ${atLeast.length}`];
  const wrong = graph.counters.flatMap((number, writer) => {
    const [least, most] = [atLeast[writer]!, atMost[writer]!];
    return number < least || number > most
      ? [`writer ${writer} is at ${number}, not between ${least} and ${most}`]
      : [];
  });
  return [...wrong, ...findModernDifferences(modelAt(seed, graph.counters), graph)];
}
