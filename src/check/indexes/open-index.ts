import { join } from 'node:path';
import { hasCode } from '../../base/errors.ts';
import type { IndexRule } from '../../store/graph/schema-rule.ts';
import { type IndexTreeFile, listIndexTrees } from '../../store/index/index-files.ts';
import { decodeIndexHeader } from '../../store/index/index-header.ts';
import { findProvider, type IndexFolders } from '../../store/index/index-provider.ts';
import { genericKey } from '../../store/index/keys/generic-key.ts';
import { decodeSpatialHeader, PointCurves } from '../../store/index/keys/point-curves.ts';
import { pointLayout } from '../../store/index/keys/point-key.ts';
import { readLuceneState } from '../../store/index/lucene-part.ts';
import type { OpenTree } from '../../store/tree/read/tree-file.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { createFinding } from '../findings/finding.ts';
import { describeIndexRule, reportRule } from '../names-and-rules/rule-texts.ts';
import { inspectTree } from './tree-condition.ts';

/** A readable tree of an index. */
export interface IndexTree {
  readonly path: string;
  readonly tree: OpenTree;
  /** False if its keys may be out of order. */
  readonly sound: boolean;
}

/** An online index with the trees that hold its entries. */
export interface OpenIndex {
  readonly rule: IndexRule;
  readonly folders: IndexFolders;
  readonly curves: PointCurves;
  readonly trees: ReadonlyMap<string, IndexTree>;
  /** Existing but unreadable trees; entries that belong there cannot be judged. */
  readonly unreadable: ReadonlySet<string>;
}

export function closeIndex(index: OpenIndex): void {
  for (const { tree } of index.trees.values()) tree.file.close();
}

/**
 * Checks files and state of an index (spec consistency-check 3.8, 3.11, 3.12; spec trees-and-indexes 10-13). Returns it if it is online; a
 * server does not use any other index before populating it again.
 */
export async function openIndex(context: CheckContext, rule: IndexRule): Promise<OpenIndex | undefined> {
  const folders = findProvider(rule.provider)?.folders(rule.id);
  if (folders === undefined) {
    const found = `${rule.provider.key}-${rule.provider.version}`;
    reportRule(context, 'schema.unknownIndexProvider', rule, { found });
    return undefined;
  }
  const trees = new Map<string, IndexTree>();
  const unreadable = new Set<string>();
  const curves = new PointCurves();
  const problems: string[] = [];
  for (const file of await listIndexTrees(context.reader.directory, rule)) {
    const condition = await inspectTree(context, file.path, file.layout, { onlyState: !context.parts.indexes });
    if (condition.kind === 'missing') problems.push(`${file.path} is missing`);
    else if (condition.kind === 'stateless') problems.push(`${file.path}: ${condition.problem}`);
    else if (condition.kind === 'unreadable') {
      unreadable.add(file.path);
      reportTree(context, 'index.unreadable', rule, file.path, condition.problem);
    } else {
      trees.set(file.path, { path: file.path, tree: condition.tree, sound: condition.sound });
      problems.push(...inspectHeader(context, rule, file, condition.tree, curves));
    }
  }
  problems.push(...(await findLuceneProblems(context, folders)));
  const index = { rule, folders, curves, trees, unreadable };
  if (problems.length === 0) return index;
  reportRule(context, 'schema.schemaRuleNotOnline', rule, { found: problems.join('; ') });
  closeIndex(index);
  return undefined;
}

/** Reads state and settings of a tree; returns why it keeps the index from being online. */
function inspectHeader(
  context: CheckContext,
  rule: IndexRule,
  { path, layout }: IndexTreeFile,
  tree: OpenTree,
  curves: PointCurves,
): string[] {
  const file = join(context.reader.directory, path);
  try {
    const { state, failure } = decodeIndexHeader(tree.header, file);
    if (state !== 'online') return [`${path} is ${state}${failure ? `: ${failure}` : ''}`];
    if (layout === pointLayout) curves.set(Number(/\d+$/.exec(path)![0]), decodeSpatialHeader(tree.header, file));
    else if (layout === genericKey.layout) curves.readGenericHeader(tree.header, file);
  } catch (error) {
    if (!hasCode(error, 'file.corrupt')) throw error;
    reportTree(context, 'index.unreadable', rule, path, error.message);
    return [];
  }
  const { indexes, derivedEntries } = context.parts;
  if (!tree.state.clean && indexes && derivedEntries) reportTree(context, 'index.dirtyIndex', rule, path, undefined);
  return [];
}

async function findLuceneProblems({ reader }: CheckContext, { lucene }: IndexFolders): Promise<string[]> {
  if (lucene === undefined) return [];
  const { state, failure } = await readLuceneState(join(reader.directory, lucene));
  return state === 'online' ? [] : [`${lucene} is ${state}${failure ? `: ${failure}` : ''}`];
}

function reportTree({ report, reader }: CheckContext, kind: CheckKind, rule: IndexRule, file: string, found?: string) {
  const text = `Index[ ${describeIndexRule(reader, rule)} ]`;
  report(createFinding(kind, { file, text, ...(found === undefined ? {} : { found }) }));
}
