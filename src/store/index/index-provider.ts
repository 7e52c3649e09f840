import type { IndexProvider } from '../graph/schema-rule.ts';

/** Paths of the parts of an index, relative to the store directory, with `/`. */
export interface IndexFolders {
  /** All paths of the index. Removing them together makes the server rebuild it. */
  all: string[];
  /** One tree for all values. */
  generic?: string;
  numbers?: string;
  texts?: string;
  /** Directory of one tree per temporal type. */
  temporal?: string;
  /** Directory of one tree per coordinate reference system. */
  spatial?: string;
  /** Directory of the Lucene part: `failure-message` and the partitions. */
  lucene?: string;
}

/** An index provider and where it keeps its parts (spec trees-and-indexes 10). */
export interface ProviderDescription {
  /** `<key>-<version>` of the rule. */
  name: string;
  folders(ruleId: number): IndexFolders;
}

const fusionParts = (root: string, ruleId: number) => ({
  all: [root],
  numbers: `${root}/native-1.0/index-${ruleId}`,
  temporal: `${root}/temporal-1.0`,
  spatial: `${root}/spatial-1.0`,
  lucene: `${root}/lucene-1.0`,
});

/** The index providers of 3.4 and 3.5, in the order in which they became the default. */
const providers: readonly ProviderDescription[] = [
  {
    name: 'lucene-1.0',
    folders: (id) => ({
      all: [`schema/index/lucene/${id}`, `schema/index/lucene-1.0/${id}`],
      temporal: `schema/index/lucene-1.0/${id}/temporal-1.0`,
      spatial: `schema/index/lucene-1.0/${id}/spatial-1.0`,
      lucene: `schema/index/lucene/${id}`,
    }),
  },
  { name: 'lucene+native-1.0', folders: (id) => fusionParts(`schema/index/lucene_native-1.0/${id}`, id) },
  {
    name: 'lucene+native-2.0',
    folders: (id) => {
      const root = `schema/index/lucene_native-2.0/${id}`;
      return { ...fusionParts(root, id), texts: `${root}/string-1.0/index-${id}` };
    },
  },
  {
    name: 'native-btree-1.0',
    folders: (id) => {
      const root = `schema/index/native-btree-1.0/${id}`;
      return { all: [root], generic: `${root}/index-${id}` };
    },
  },
  {
    name: 'fulltext-1.0',
    folders: (id) => {
      const root = `schema/index/fulltext-1.0/${id}`;
      return { all: [root], lucene: `${root}/fulltext-1.0` };
    },
  },
];

/** Undefined for a provider that no 3.4 or 3.5 server has. */
export function findProvider(provider: IndexProvider): ProviderDescription | undefined {
  const name = `${provider.key}-${provider.version}`;
  return providers.find((description) => description.name === name);
}
