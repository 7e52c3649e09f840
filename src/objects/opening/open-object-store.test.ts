import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { S3_KEY, S3Server } from '../../../test/support/objects/s3-server.ts';
import { sha256Of } from '../whole-object.ts';
import { openObjectStore } from './open-object-store.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(scratch));

it('a folder is opened by its path, absolute or not, and by either form of its URL', async () => {
  const path = join(scratch, 'a b');
  for (const location of [path, relative('.', path), `file:${path}`, String(pathToFileURL(path))]) {
    const store = await openObjectStore(location, { create: true });
    expect([location, store.kind, store.address]).toEqual([location, 'folder', path]);
  }
});

it('a folder that does not exist is made only when that is asked for', async () => {
  await expect(openObjectStore(join(scratch, 'none'))).rejects.toMatchObject({ code: 'object.no-store' });
});

it.each(['ftp://host/x', 'gs://bucket', 'file://other-host/x'])('%s is no address of a store', async (location) => {
  await expect(openObjectStore(location)).rejects.toMatchObject({ code: 'object.address' });
});

it('a bucket is opened by its URL, with the credentials that a program prints', async () => {
  const server = await S3Server.start();
  const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = S3_KEY;
  const printed = JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey });
  const credentialsCommand = [process.execPath, '-e', `console.log(${JSON.stringify(printed)})`];
  const never = new AbortController().signal;
  const store = await openObjectStore(`s3://bucket/path?endpoint=${server.endpoint}`, { credentialsCommand });
  expect([store.kind, store.address]).toEqual(['s3', 's3://bucket/path']);
  await store.create('a', Buffer.from('x'), sha256Of(Buffer.from('x')), {}, never);
  expect([...server.objects.keys()]).toEqual(['path/a']);
  await server.stop();
});

it('the client of S3 is loaded only when a bucket is opened', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('./open-object-store.ts', import.meta.url))],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const ofClient = imports.filter(({ path }) => /^@(aws-sdk|smithy)\//.test(path));
  expect(ofClient).toMatchObject([{ path: '@aws-sdk/client-s3', kind: 'dynamic-import', external: true }]);
});
