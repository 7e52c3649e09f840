import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '../../base/file-errors.ts';
import { NodeStateReader } from '../../store/graph/node-state.ts';
import type { IndexRule } from '../../store/graph/schema-rule.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import { storedRecords } from '../../store/graph/stored-records.ts';
import { canBuildIndex, IndexBuilder } from '../../store/index/index-builder.ts';
import { genericKey } from '../../store/index/keys/generic-key.ts';
import { decodeMetaPage, META_BYTES } from '../../store/tree/page/meta-page.ts';
import { openPageFile, type PageFile } from '../../store/tree/page/page-file.ts';
import type { PropertyValue } from '../../store/values/property-value.ts';

const GENERIC_PROVIDER = 'native-btree';
const GENERIC_FOLDER = 'schema/index/native-btree-1.0';

/** What is known about the indexes of a store beyond its files. */
export interface IndexBuilding {
  /** The server that will open the store reads the current form of `native-btree` files, that of 3.5.34. */
  presentGenericVersion?: boolean;
  /** The version of the `native-btree` files of the server, if it is known from elsewhere. */
  genericVersion?: number;
  /** Rules of indexes that could not be built before; they are not tried again. */
  except?: ReadonlySet<number>;
}

/**
 * Whether we can rebuild an index. `native-btree` files differ between releases, and a server does not start on those of another release.
 * So an index of the store must show that its server uses the version that we write (`genericVersion`, see {@link findGenericVersion}); if
 * no index shows a version, the caller must know.
 */
export function mayBuildIndex(rule: IndexRule, genericVersion: number | undefined, building: IndexBuilding): boolean {
  if (!canBuildIndex(rule) || building.except?.has(rule.id) === true) return false;
  if (rule.provider.key !== GENERIC_PROVIDER) return true;
  const version = genericVersion ?? building.genericVersion;
  if (version === undefined) return building.presentGenericVersion === true;
  return version === genericKey.layout.minorVersion;
}

/** The version of the `native-btree` files in a store, which a server may be writing; undefined if there are none. */
export function findGenericVersion(folder: string): number | undefined {
  const root = join(folder, GENERIC_FOLDER);
  if (!existsSync(root)) return undefined;
  for (const id of readdirSync(root)) {
    const version = readMinorVersion(join(root, id, `index-${id}`));
    if (version !== undefined) return version;
  }
  return undefined;
}

/** Undefined if there is no such file, or not even its first bytes. */
function readMinorVersion(path: string): number | undefined {
  let file: PageFile;
  try {
    file = openPageFile(path, 'read');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    if (file.sizeBytes() < META_BYTES) return undefined;
    const head = new Uint8Array(META_BYTES);
    file.read(head, 0);
    return decodeMetaPage(head).minorVersion;
  } finally {
    file.close();
  }
}

/**
 * Builds the indexes of `rules` in one pass over the nodes; the records must be in their final state. Returns for each rule why it could
 * not be built; undefined if it was.
 */
export async function buildIndexes(
  folder: string,
  rules: readonly IndexRule[],
  scratch: string,
  signal?: AbortSignal,
): Promise<Map<IndexRule, string | undefined>> {
  const results = new Map<IndexRule, string | undefined>();
  if (rules.length === 0) return results;
  const options = signal === undefined ? {} : { signal };
  const builders = new Map(rules.map((rule) => [rule.id, new IndexBuilder(rule, folder, scratch)]));
  const reader = new StoreReader(folder);
  try {
    const states = new NodeStateReader(rules);
    const view = storedRecords(reader);
    await reader.file('node').scanInTurns(({ id, labelField }) => {
      if (labelField === 0 || builders.size === 0) return;
      for (const [ruleId, values] of states.read(id, view).indexed) {
        const reason = builders.get(ruleId)?.add(id, values as readonly PropertyValue[]);
        if (reason === undefined) continue;
        results.set(rules.find((rule) => rule.id === ruleId)!, reason);
        void builders.get(ruleId)!.abort();
        builders.delete(ruleId);
      }
    }, options);
    for (const [ruleId, builder] of builders) {
      await builder.finish(options);
      results.set(rules.find((rule) => rule.id === ruleId)!, undefined);
    }
  } finally {
    reader.close();
    for (const builder of builders.values()) await builder.abort();
  }
  return results;
}
