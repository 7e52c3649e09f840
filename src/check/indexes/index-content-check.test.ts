import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../../test/support/corpus/unpack-corpus.ts';
import type { IndexRule } from '../../store/graph/schema-rule.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import { listIndexTrees } from '../../store/index/index-files.ts';
import { bulkLoadTree } from '../../store/tree/load/bulk-load.ts';
import { TreeCursor } from '../../store/tree/read/tree-cursor.ts';
import { openTreeForReading } from '../../store/tree/read/tree-file.ts';
import type { Finding } from '../findings/finding.ts';
import { checkStore } from '../store-check.ts';

let root: string;
let copies = 0;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(root));

interface Tree {
  store: string;
  rule: IndexRule;
  path: string;
  header: Uint8Array;
  keys: Buffer[];
  /** Rewrites the tree with other keys. */
  replace(keys: Buffer[]): Promise<void>;
}

/** The largest tree of all indexes in a store that `accept` allows. */
async function findTree(archive: string, accept: (rule: IndexRule, path: string) => boolean): Promise<Tree> {
  const parent = join(root, String(copies++));
  await unpackCorpus(`${archive}.tar.gz`, parent);
  const store = join(parent, archive.startsWith('stores/') ? 'graph.db' : basename(archive));
  const reader = new StoreReader(store);
  const rules = reader.schemaRules().filter((rule): rule is IndexRule => rule.kind === 'index');
  reader.close();
  let largest: Tree | undefined;
  for (const rule of rules) {
    for (const { path, layout } of await listIndexTrees(store, rule)) {
      if (!accept(rule, path)) continue;
      const tree = openTreeForReading(join(store, path), layout);
      const keys: Buffer[] = [];
      for (const cursor = new TreeCursor(tree); cursor.next(); ) {
        keys.push(Buffer.from(cursor.page.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength)));
      }
      tree.file.close();
      if (keys.length <= (largest?.keys.length ?? 0)) continue;
      const { header } = tree;
      const replace = async (other: Buffer[]) => {
        rmSync(join(store, path));
        const value = new Uint8Array(0);
        const entries = [...other].sort((a, b) => layout.compare(a, 0, a.length, b, 0, b.length));
        await bulkLoadTree(
          join(store, path),
          layout,
          header,
          entries.map((key) => ({ key, value })),
        );
      };
      largest = { store, rule, path, header, keys, replace };
    }
  }
  return largest!;
}

async function check(store: string): Promise<string[]> {
  const findings: Finding[] = [];
  await checkStore(store, { onFinding: (finding) => findings.push(finding) });
  return findings.map(({ kind, record }) => `${kind} ${record}`).sort();
}

const parts = [
  ['corruptions/base35', 'native-btree', /native-btree/],
  ['corruptions/base34', 'numbers', /native-1\.0/],
  ['corruptions/base34', 'texts', /string-1\.0/],
  ['corruptions/base34', 'temporal values', /temporal-1\.0/],
  ['stores/3.4.9-standard', 'points', /spatial-1\.0/],
] as const;

describe.each(parts)('the entries in a tree of %s for %s', (archive, _what, pattern) => {
  const entityOf = (path: string, key: Buffer) =>
    Number(key.readBigInt64BE(/native-btree|string/.test(path) ? 0 : key.length - 8));

  it('missing entries in a tree are reported, and so are entries that no node requires', async () => {
    const tree = await findTree(archive, (rule, path) => pattern.test(path) && !rule.unique);
    expect(tree.keys.length).toBeGreaterThan(1);
    expect(await check(tree.store)).toEqual([]);
    const [lost, ...others] = tree.keys;
    await tree.replace(others);
    const node = entityOf(tree.path, lost!);
    expect(await check(tree.store)).toEqual([`node.notIndexed ${node}`]);

    const moved = Buffer.from(lost!);
    const beyond = 1_000_000;
    moved.writeBigInt64BE(BigInt(beyond), /native-btree|string/.test(tree.path) ? 0 : lost!.length - 8);
    await tree.replace([moved, ...others]);
    expect(await check(tree.store)).toEqual([`index.nodeNotInUse ${beyond}`, `node.notIndexed ${node}`]);

    // The value of another node with this node's id: this node has the label, but not that value.
    const wrong = Buffer.from(tree.keys.at(-1)!);
    wrong.writeBigInt64BE(BigInt(node), /native-btree|string/.test(tree.path) ? 0 : wrong.length - 8);
    await tree.replace([...tree.keys, wrong]);
    expect(await check(tree.store)).toEqual([`index.staleEntry ${node}`]);
  });
});

it('an entry whose text is longer than the entry says is unreadable for a server, though its bytes compare equal', async () => {
  const isComposite = ({ schema }: IndexRule) => schema.propertyKeys.length > 1;
  const tree = await findTree('corruptions/base35', (rule, path) => /native-btree/.test(path) && isComposite(rule));
  // Slot type and length of a short text at the end of the key.
  const [text] = tree.keys.filter((key) => key.at(-5) === 7 && key.readUInt16BE(key.length - 4) === 2);
  text!.writeUInt16BE(102, text!.length - 4);
  await tree.replace(tree.keys);
  expect(await check(tree.store)).toEqual([`index.entryUnreadable ${Number(text!.readBigInt64BE())}`]);
});
