import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../../test/support/corpus/unpack-corpus.ts';
import { refuseOuterLinks } from './outer-links.ts';

let root: string;
let backup: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
  backup = join(root, 'backup');
  mkdirSync(join(backup, 'schema', 'index'), { recursive: true });
  writeFileSync(join(backup, 'neostore'), '');
  writeFileSync(join(root, 'foreign'), '');
});
afterEach(() => removeDirectory(root));

it.each(['neostore.nodestore.db', 'schema/index/1'])('%s may not lead out of the backup', async (name) => {
  symlinkSync(join(root, 'foreign'), join(backup, name));
  await expect(refuseOuterLinks(backup)).rejects.toMatchObject({
    code: 'file.io',
    message: expect.stringContaining('leads out'),
  });
});

it('a link within the backup may stay', async () => {
  symlinkSync(join(backup, 'neostore'), join(backup, 'schema', 'index', '1'));
  await expect(refuseOuterLinks(backup)).resolves.toBeUndefined();
});
