import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examineRecords } from '../../../test/support/examine-records.ts';
import { checkContextOf } from '../../../test/support/record-findings.ts';
import {
  corpusPath,
  makeTemporaryDirectory,
  removeDirectory,
  unpackCorpus,
} from '../../../test/support/unpack-corpus.ts';
import { METADATA_FILE } from '../../store/store-files.ts';
import { StoreReader } from '../../store/store-reader.ts';
import type { Finding } from '../finding.ts';

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
