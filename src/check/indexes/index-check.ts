import type { IndexRule } from '../../store/graph/schema-rule.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { MalformedRule } from '../names-and-rules/stored-rules.ts';
import { checkIndexContent } from './index-content-check.ts';
import { checkIndexFolders } from './index-folders-check.ts';
import { closeIndex, type OpenIndex, openIndex } from './open-index.ts';

/** Checks every schema index: always its state; the structure and content of its files if indexes are to be checked. */
export async function checkIndexes(
  context: CheckContext,
  rules: readonly IndexRule[],
  malformed: readonly MalformedRule[],
): Promise<void> {
  const open: OpenIndex[] = [];
  try {
    for (const rule of rules) {
      const index = await openIndex(context, rule);
      if (index !== undefined) open.push(index);
    }
    checkIndexFolders(context, rules, malformed);
    const { indexes, derivedEntries } = context.parts;
    if (indexes && derivedEntries) await checkIndexContent(context, open);
  } finally {
    for (const index of open) closeIndex(index);
  }
}
