import { join } from 'node:path';
import { readLiveCounts } from '../../store/counts-store.ts';
import { listIndexTrees, readIndexState, readPointCurves } from '../../store/index/index-files.ts';
import { locateKey } from '../../store/index/index-key.ts';
import { findProvider } from '../../store/index/index-provider.ts';
import { NODES_PER_RANGE } from '../../store/label-scan/label-scan-layout.ts';
import { LabelScanReader } from '../../store/label-scan/label-scan-reader.ts';
import type { PropertyValue } from '../../store/property-value.ts';
import { recountStore } from '../../store/recount-store.ts';
import type { IndexRule } from '../../store/schema-rule.ts';
import { LABEL_SCAN_FILE } from '../../store/store-files.ts';
import type { StoredNode, StoreReader } from '../../store/store-reader.ts';
import { TreeCursor } from '../../store/tree/tree-cursor.ts';
import { openTreeForReading } from '../../store/tree/tree-file.ts';

/** How many entries were compared, and what differs. */
export interface Comparison {
  compared: number;
  differences: string[];
}

/** The counts store against the records counted one by one. */
export async function compareCounts(reader: StoreReader): Promise<Comparison> {
  const live = readLiveCounts(reader.directory);
  if (live === undefined) return { compared: 0, differences: ['there is no counts store'] };
  const counted = await recountStore(reader);
  const [expected, actual] = [counted, live.counts].map(({ nodes, relationships }) => {
    const entries = [...nodes].map(([label, count]) => `nodes of label ${label}: ${count}`);
    for (const [type, sides] of relationships) {
      for (const [side, count] of sides) entries.push(`relationships of type ${type}, side ${side}: ${count}`);
    }
    return new Set(entries);
  });
  return compareSets('counts store', expected!, actual!);
}

/** The label scan store against the labels of the nodes. */
export function compareLabelScan(reader: StoreReader): Comparison {
  const expected = new Set<string>();
  for (const { id, labels } of reader.nodes()) for (const label of labels) expected.add(`label ${label} of node ${id}`);
  const actual = new Set<string>();
  const scan = new LabelScanReader(join(reader.directory, LABEL_SCAN_FILE));
  try {
    while (scan.next()) {
      for (let bit = 0; bit < NODES_PER_RANGE; bit++) {
        const word = bit < 32 ? scan.low : scan.high;
        if (((word >>> (bit % 32)) & 1) === 1)
          actual.add(`label ${scan.label} of node ${scan.range * NODES_PER_RANGE + bit}`);
      }
    }
  } finally {
    scan.close();
  }
  return compareSets('label scan store', expected, actual);
}

/** The keys in the files of an index against the keys of the nodes. */
export async function compareIndex(reader: StoreReader, rule: IndexRule): Promise<Comparison> {
  const { state, problem } = await readIndexState(reader.directory, rule);
  if (state !== 'online') return { compared: 0, differences: [problem ?? `index ${rule.id} is ${state}`] };
  const actual = new Set<string>();
  for (const { path, layout } of await listIndexTrees(reader.directory, rule)) {
    const tree = openTreeForReading(join(reader.directory, path), layout);
    try {
      for (const cursor = new TreeCursor(tree); cursor.next(); ) {
        actual.add(nameKey(path, cursor.page.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength)));
      }
    } finally {
      tree.file.close();
    }
  }
  return compareSets(`index ${rule.id}`, await keysOfNodes(reader, rule), actual);
}

async function keysOfNodes(reader: StoreReader, rule: IndexRule): Promise<Set<string>> {
  const folders = findProvider(rule.provider)!.folders(rule.id);
  const curves = await readPointCurves(reader.directory, rule);
  const keys = new Set<string>();
  for (const node of reader.nodes()) {
    const values = indexedValues(node, rule);
    if (values === undefined) continue;
    const located = locateKey(folders, rule.unique, node.id, values, curves);
    keys.add(typeof located === 'string' ? `node ${node.id}: ${located}` : nameKey(located.path, located.key));
  }
  return keys;
}

/** Undefined if the node does not belong into the index. */
function indexedValues({ labels, properties }: StoredNode, { schema }: IndexRule): PropertyValue[] | undefined {
  if (!schema.entityTokens.some((label) => labels.includes(label))) return undefined;
  const values = schema.propertyKeys.map((wanted) => properties.find(({ key }) => key === wanted)?.value);
  return values.includes(undefined) ? undefined : (values as PropertyValue[]);
}

function nameKey(path: string, key: Uint8Array): string {
  return `key ${Buffer.from(key).toString('hex')} in ${path}`;
}

function compareSets(what: string, expected: ReadonlySet<string>, actual: ReadonlySet<string>): Comparison {
  const missing = [...expected].filter((entry) => !actual.has(entry)).map((entry) => `${what} lacks ${entry}`);
  const extra = [...actual].filter((entry) => !expected.has(entry)).map((entry) => `${what} has, wrongly, ${entry}`);
  return { compared: expected.size, differences: [...missing, ...extra] };
}
