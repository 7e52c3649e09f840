import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { corpusPath, makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { recogniseArchive } from './archive-content.ts';
import { readArchive } from './archive-reading.ts';

let root: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(root));

const signal = new AbortController().signal;

async function makeTar(): Promise<Buffer> {
  const pack = tar.pack();
  pack.entry({ name: './neostore' }, 'key');
  pack.finalize();
  return await buffer(pack);
}

function write(content: Uint8Array | string): string {
  const path = join(root, 'x.dump');
  writeFileSync(path, content);
  return path;
}

describe('recogniseArchive', () => {
  it('recogniseArchive knows the dumps of real servers', async () => {
    expect(await recogniseArchive(corpusPath('dumps/3.4.9.dump'))).toBe('gzip');
    expect(await recogniseArchive(corpusPath('dumps/3.5.34.dump'))).toBe('zstd');
  });

  it.each<{
    what: string;
    content: () => Promise<Uint8Array | string> | Uint8Array | string;
    reason: RegExp;
    hint: RegExp;
  }>([
    { what: 'nothing', content: () => '', reason: /^it is empty$/, hint: /full disk/ },
    { what: 'a plain tar', content: makeTar, reason: /a tar that is not compressed/, hint: /gzip <file>/ },
    { what: 'a zip', content: () => 'PK\x03\x04\x14\0', reason: /a zip archive/, hint: /tar -czf/ },
    { what: 'an empty zip', content: () => 'PK\x05\x06\0', reason: /a zip archive/, hint: /tar -czf/ },
    {
      what: 'a gzip dump of 5.x',
      content: () => 'DGV1\x01',
      reason: /dump of Neo4j 4.x or 5.x/,
      hint: /neo4j-admin of that version/,
    },
    {
      what: 'a zstd dump of 5.x',
      content: () => 'DZV1\x01',
      reason: /dump of Neo4j 4.x or 5.x/,
      hint: /neo4j-admin of that version/,
    },
    {
      what: 'a pointer of git-lfs',
      content: () => 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n',
      reason: /pointer of git-lfs/,
      hint: /git lfs pull/,
    },
    {
      what: 'a web page',
      content: () => '\ufeff\n<!DOCTYPE html><html><title>404',
      reason: /web page/,
      hint: /Download/,
    },
    { what: 'an old web page', content: () => '<HTML><HEAD>', reason: /web page/, hint: /Download/ },
    { what: 'an answer in XML', content: () => '<?xml version="1.0"?><Error>', reason: /web page/, hint: /Download/ },
    {
      what: 'an answer in JSON',
      content: () => '{"message": "Not Found"}',
      reason: /JSON/,
      hint: /download the archive again/,
    },
    { what: 'bzip2', content: () => 'BZh91AY', reason: /bzip2/, hint: /bzip2 -dc/ },
    { what: 'xz', content: () => Buffer.from('fd377a585a0000', 'hex'), reason: /compressed with xz/, hint: /xz -dc/ },
    { what: '7z', content: () => Buffer.from('377abcaf271c00', 'hex'), reason: /7z/, hint: /tar -czf/ },
    { what: 'rar', content: () => 'Rar!\x1a\x07', reason: /rar/, hint: /tar -czf/ },
    { what: 'zeros', content: () => new Uint8Array(5000), reason: /nothing but zeros/, hint: /another copy/ },
    { what: 'text', content: () => 'no archive', reason: /^it is neither gzip nor zstd$/, hint: /dump command/ },
    { what: 'one byte', content: () => '\x1f', reason: /^it is neither gzip nor zstd$/, hint: /dump command/ },
  ])('recogniseArchive says what $what is', async ({ content, reason, hint }) => {
    const path = write(await content());
    await expect(recogniseArchive(path)).rejects.toMatchObject({
      code: 'archive.invalid',
      message: `Not a valid Neo4j archive: ${path}`,
      observed: expect.stringMatching(reason),
      hint: expect.stringMatching(hint),
    });
  });

  it.each<{ what: string; content: () => Promise<Buffer> | Buffer; reason: string }>([
    { what: 'gzip in gzip', content: async () => gzipSync(await makeTar()), reason: 'it is compressed twice' },
    { what: 'no tar', content: () => Buffer.from('a text'), reason: 'it is gzip, but holds no tar' },
    { what: 'nothing', content: () => Buffer.alloc(0), reason: 'it is gzip, but holds no tar' },
    { what: 'a web page', content: () => Buffer.from('<html>'), reason: 'it is gzip, but inside it is a web page' },
  ])('recogniseArchive says that a gzip holds $what', async ({ content, reason }) => {
    const path = write(gzipSync(await content()));
    mkdirSync(join(root, 'out'));
    await expect(readArchive(path, join(root, 'out'), { signal })).rejects.toMatchObject({
      code: 'archive.invalid',
      observed: reason,
    });
  });

  it('recogniseArchive says that a directory is one, and what is in it', async () => {
    const database = join(root, 'graph.db');
    mkdirSync(database);
    await expect(recogniseArchive(database)).rejects.toMatchObject({
      observed: 'it is a directory',
      hint: expect.stringMatching(/Name the file/),
    });
    writeFileSync(join(database, 'neostore'), '');
    await expect(recogniseArchive(database)).rejects.toMatchObject({
      code: 'archive.invalid',
      observed: 'it is a directory that holds a database, not an archive',
      hint: expect.stringContaining(`graphkeep restore --from=${database}`),
    });
  });

  it.runIf(process.platform !== 'win32')('recogniseArchive does not wait for a pipe without a writer', async () => {
    const pipe = join(root, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(recogniseArchive(pipe)).rejects.toMatchObject({
      code: 'archive.invalid',
      observed: expect.stringMatching(/neither a file nor/),
    });
  });

  it('recogniseArchive says that there is nothing', async () => {
    await expect(recogniseArchive(join(root, 'no', 'x.dump'))).rejects.toMatchObject({ code: 'archive.missing' });
  });
});
