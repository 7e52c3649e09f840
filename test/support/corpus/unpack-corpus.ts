import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
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

interface Entry {
  name: string;
  /** Undefined: a directory. */
  bytes: Buffer | undefined;
}

/** A process unpacks some archives dozens of times, so it keeps what they hold: a few megabytes each. */
const archives = new Map<string, Promise<Entry[]>>();

async function readArchive(name: string): Promise<Entry[]> {
  const found: Entry[] = [];
  const entries = createReadStream(corpusPath(name)).pipe(createGunzip()).pipe(tar.extract());
  for await (const entry of entries) {
    const { type, name: path } = entry.header;
    found.push({ name: path, bytes: type === 'directory' ? undefined : await buffer(entry) });
    entry.resume();
  }
  return found;
}

/** Unpacks an archive of the corpus below `directory`. */
export async function unpackCorpus(name: string, directory: string): Promise<void> {
  const known = archives.get(name) ?? readArchive(name);
  archives.set(name, known);
  for (const entry of await known) {
    const path = join(directory, entry.name);
    mkdirSync(entry.bytes === undefined ? path : dirname(path), { recursive: true });
    if (entry.bytes !== undefined) writeFileSync(path, entry.bytes);
  }
}
