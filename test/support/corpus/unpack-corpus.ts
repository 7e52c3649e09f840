import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import tar from 'tar-stream';

const corpus = fileURLToPath(new URL('../../corpus/', import.meta.url));

/** Path of a file of the corpus, for example `trees/base34.tar.gz`. */
export function corpusPath(name: string): string {
  return join(corpus, name);
}

/** A fresh directory below the system's; the caller removes it with {@link removeDirectory}. */
export function makeTemporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'graphkeep-test-'));
}

export function removeDirectory(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

/** Unpacks an archive of the corpus below `directory`. */
export async function unpackCorpus(name: string, directory: string): Promise<void> {
  const entries = createReadStream(corpusPath(name)).pipe(createGunzip()).pipe(tar.extract());
  for await (const entry of entries) {
    const path = join(directory, entry.header.name);
    if (entry.header.type === 'directory') await mkdir(path, { recursive: true });
    else {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, await buffer(entry));
    }
    entry.resume();
  }
}
