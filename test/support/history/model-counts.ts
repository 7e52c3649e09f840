import type { LogCommand } from '../../../src/log/v3/commands/command-table.ts';
import type { ModelNode, ModelRelationship } from './model-records.ts';

/** Counts by key: `label` of nodes, or `start,type,end` of relationships; -1 = any. */
export type ModelCounts = Map<string, number>;

export function modelCounts(
  nodes: ReadonlyMap<number, ModelNode>,
  relationships: ReadonlyMap<number, ModelRelationship>,
): ModelCounts {
  const counts: ModelCounts = new Map();
  const add = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const { labels } of nodes.values()) {
    for (const label of [-1, ...labels]) add(`${label}`);
  }
  for (const { start, type, end } of relationships.values()) {
    for (const t of [-1, type]) {
      add(`-1,${t},-1`);
      for (const label of nodes.get(start)!.labels) add(`${label},${t},-1`);
      for (const label of nodes.get(end)!.labels) add(`-1,${t},${label}`);
    }
  }
  return counts;
}

/** The commands that lead from `before` to `after`. */
export function countsCommands(before: ModelCounts, after: ModelCounts): LogCommand[] {
  const commands: LogCommand[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const delta = (after.get(key) ?? 0) - (before.get(key) ?? 0);
    if (delta === 0) continue;
    const [label, type, endLabel] = key.split(',').map(Number);
    if (type === undefined) commands.push({ kind: 'nodeCounts', label: label!, delta });
    else commands.push({ kind: 'relationshipCounts', startLabel: label!, type, endLabel: endLabel!, delta });
  }
  return commands;
}
