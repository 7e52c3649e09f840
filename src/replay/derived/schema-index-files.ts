import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import type { IndexRule } from '../../store/graph/schema-rule.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import { findProvider } from '../../store/index/index-provider.ts';
import { discard, lacksFulltextSettings, removeIndex } from '../../store/index/index-removal.ts';
import { type IndexChange, updateIndex } from '../../store/index/index-update.ts';
import type { IndexLeftToServer, ReplayProgress } from '../events/replay-events.ts';
import { buildIndexes, findGenericVersion, type IndexBuilding, mayBuildIndex } from './index-rebuild.ts';
import { nameIndex, readIndexRules } from './index-rules.ts';

const INDEX_ROOT = 'schema/index';

export interface IndexesReport {
  leftToServer: IndexOfRule[];
  /** Fulltext indexes without their settings in the store: servers do not send them. */
  withoutSettings: string[];
}

export interface IndexOfRule extends IndexLeftToServer {
  rule: number;
}

/** Why an index must be left to the server. */
type Reason = Pick<IndexLeftToServer, 'why' | 'detail'>;

export interface IndexUpdateContext {
  folder: string;
  /** What changed in each index; no entry = no change. */
  changes: ReadonlyMap<number, IndexChange[] | 'rebuild'>;
  /** Rules created or dropped in the log: files under their ids belong to older rules. */
  recreated: ReadonlySet<number>;
  building: IndexBuilding;
  scratch: string;
  signal: AbortSignal | undefined;
  onEvent: ((event: ReplayProgress) => void) | undefined;
}

/**
 * Makes the index files match the records and rules, which are in their final state. Updates what can be updated, builds what is missing,
 * and removes both indexes that cannot be brought up to date, so that the server populates them, and files that belong to no rule. Removal
 * renames whole folders: half an index would pass for a complete one (spec trees-and-indexes 11).
 */
export async function bringIndexesUpToDate(context: IndexUpdateContext): Promise<IndexesReport> {
  const { folder, signal, scratch } = context;
  const rules = readRules(folder);
  const genericVersion = findGenericVersion(folder);
  await removeForeignIndexes(folder, scratch, rules);
  let upToDate = 0;
  const missing = new Map<IndexRule, Reason>();
  const progress = (done: number) =>
    context.onEvent?.({ kind: 'replay-progress', phase: 'indexes', unit: 'indexes', done, total: rules.length });
  progress(0);
  for (const rule of rules) {
    throwIfCancelled(signal);
    const reason = await bringUpToDate(context, rule);
    if (reason !== undefined) missing.set(rule, reason);
    else progress(++upToDate);
  }
  const buildable = [...missing.keys()].filter((rule) => mayBuildIndex(rule, genericVersion, context.building));
  for (const [rule, detail] of await buildIndexes(folder, buildable, scratch, signal)) {
    if (detail === undefined) missing.delete(rule);
    else missing.set(rule, notWritable(detail));
  }
  progress(rules.length);
  return {
    leftToServer: [...missing].map(([rule, reason]) => describeLeft(rule, reason)),
    withoutSettings: nameIndexesWithoutSettings(folder, rules),
  };
}

/**
 * Leaves the index files as they are, because a server will apply the log to them. Only files under a rule that the log creates or drops
 * are removed; the server populates the created ones.
 */
export async function leaveIndexesToServer(
  folder: string,
  recreated: ReadonlySet<number>,
  scratch: string,
): Promise<IndexesReport> {
  const rules = readRules(folder);
  await removeForeignIndexes(folder, scratch, rules);
  const created = rules.filter((rule) => recreated.has(rule.id));
  for (const rule of created) await removeIndex(folder, rule, scratch);
  return {
    leftToServer: created.map((rule) => describeLeft(rule, { why: 'created-later' })),
    withoutSettings: nameIndexesWithoutSettings(folder, rules),
  };
}

function describeLeft(rule: IndexRule, reason: Reason): IndexOfRule {
  const { key, version } = rule.provider;
  return { rule: rule.id, index: nameIndex(rule), provider: `${key}-${version}`, ...reason };
}

function notWritable(detail: string): Reason {
  return { why: 'not-writable', detail };
}

function nameIndexesWithoutSettings(folder: string, rules: readonly IndexRule[]): string[] {
  return rules.filter((rule) => lacksFulltextSettings(folder, rule)).map(nameIndex);
}

function readRules(folder: string): IndexRule[] {
  const reader = new StoreReader(folder);
  try {
    return readIndexRules(reader);
  } finally {
    reader.close();
  }
}

/** Undefined if the index is now up to date; else why the server must populate it. */
async function bringUpToDate(context: IndexUpdateContext, rule: IndexRule): Promise<Reason | undefined> {
  const { recreated } = context;
  const changes = context.changes.get(rule.id) ?? [];
  const reason: Reason | undefined = recreated.has(rule.id)
    ? { why: 'created-later' }
    : changes === 'rebuild'
      ? { why: 'changes-unknown' }
      : await update(context, rule, changes);
  if (reason === undefined) return undefined;
  await removeIndex(context.folder, rule, context.scratch);
  return reason;
}

async function update(
  { folder, scratch, signal }: IndexUpdateContext,
  rule: IndexRule,
  changes: IndexChange[],
): Promise<Reason | undefined> {
  const result = await updateIndex(rule, folder, scratch, changes, signal === undefined ? {} : { signal });
  return result.kind === 'drop' ? notWritable(result.reason) : undefined;
}

/** Index folders are named by provider and rule id; folders without a matching rule are left over from dropped indexes. */
async function removeForeignIndexes(folder: string, scratch: string, rules: readonly IndexRule[]): Promise<void> {
  const root = join(folder, INDEX_ROOT);
  if (!existsSync(root)) return;
  const known = new Set(rules.flatMap((rule) => findProvider(rule.provider)?.folders(rule.id).all ?? []));
  for (const provider of await readdir(root)) {
    for (const id of await readdir(join(root, provider))) {
      const path = `${INDEX_ROOT}/${provider}/${id}`;
      if (/^\d+$/.test(id) && !known.has(path)) await discard(join(folder, path), scratch);
    }
  }
}
