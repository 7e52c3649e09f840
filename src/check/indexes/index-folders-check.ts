import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { IndexRule } from '../../store/graph/schema-rule.ts';
import { findProvider } from '../../store/index/index-provider.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { createFinding } from '../findings/finding.ts';

const INDEX_ROOT = 'schema/index';

/**
 * Reports index folders that belong to no rule: leftovers that only waste space (spec consistency-check 5, `sch-04`). Skips those that may
 * belong to an unreadable rule.
 */
export function checkIndexFolders(
  { reader, report }: CheckContext,
  rules: readonly IndexRule[],
  malformed: readonly { id: number }[],
): void {
  const unreadable = new Set(malformed.map(({ id }) => String(id)));
  const owned = new Set(rules.flatMap(({ provider, id }) => findProvider(provider)?.folders(id).all ?? []));
  for (const provider of listFolders(join(reader.directory, INDEX_ROOT))) {
    for (const id of listFolders(join(reader.directory, INDEX_ROOT, provider))) {
      const folder = `${INDEX_ROOT}/${provider}/${id}`;
      if (!/^\d+$/.test(id) || owned.has(folder) || unreadable.has(id)) continue;
      report(createFinding('index.folderWithoutRule', { file: folder, text: `IndexFolder[${folder}]` }));
    }
  }
}

function listFolders(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
