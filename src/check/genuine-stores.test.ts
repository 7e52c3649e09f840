import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  corpusPath,
  makeTemporaryDirectory,
  removeDirectory,
  unpackCorpus,
} from '../../test/support/corpus/unpack-corpus.ts';
import { examineRecords } from '../../test/support/stores/examine-records.ts';
import { checkContextOf } from '../../test/support/stores/record-findings.ts';
import { METADATA_FILE } from '../store/files/store-files.ts';
import { StoreReader } from '../store/graph/store-reader.ts';
import type { Finding } from './findings/finding.ts';

let root: string;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(root));

const archives = readdirSync(corpusPath('stores')).filter((name) => name.endsWith('.tar.gz'));

function storeIn(directory: string): string {
  return existsSync(join(directory, METADATA_FILE)) ? directory : join(directory, 'graph.db');
}

test.each(archives)('a server wrote %s: nothing is found', async (archive) => {
  const directory = join(root, archive);
  await unpackCorpus(`stores/${archive}`, directory);
  for (const chains of ['examine', 'screen'] as const) {
    const reader = new StoreReader(storeIn(directory));
    const findings: Finding[] = [];
    try {
      await examineRecords(
        checkContextOf(reader, (finding) => findings.push(finding), { propertyOwners: true }),
        { chains },
      );
    } finally {
      reader.close();
    }
    expect(findings).toEqual([]);
  }
});
