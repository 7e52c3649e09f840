import { createHash } from 'node:crypto';
import tar from 'tar-stream';
import type { ObjectStore } from '../../objects/object-store.ts';
import { readWhole } from '../../objects/whole-object.ts';
import { objectError } from '../object-errors.ts';
import { MOST_OBJECT_BYTES } from '../seal/frames/limits.ts';
import type { Unsealing } from '../seal/unseal/unsealing.ts';
import { type ExpectedObject, unsealObject } from '../seal/unseal/whole-object.ts';
import { type TarEntry, TRANSACTIONS_ENTRY } from '../tar/tar-content.ts';

/** Objects of one repository, read and unsealed. */
export class StoredObjects {
  readonly store: ObjectStore;
  private readonly unsealing: Unsealing;
  private readonly signal: AbortSignal;

  constructor(store: ObjectStore, unsealing: Unsealing, signal: AbortSignal) {
    this.store = store;
    this.unsealing = unsealing;
    this.signal = signal;
  }

  /** The plain bytes of an object, in pieces that are valid until the next one. */
  async *read(expected: ExpectedObject): AsyncGenerator<Uint8Array> {
    const stored = await this.fetch(expected.key);
    yield* unsealObject(stored, expected, this.unsealing);
  }

  /** As {@link read}, for an object of which only the name tells the digest: how its SHA-256 begins. */
  async *readNamed(key: string, digest: string): AsyncGenerator<Uint8Array> {
    const stored = await this.fetch(key);
    const sha256 = createHash('sha256').update(stored).digest();
    if (!sha256.toString('hex').startsWith(digest)) {
      throw objectError('repository.object-damaged', key, 'it has another SHA-256 than its name says', {
        observed: sha256.toString('hex'),
      });
    }
    yield* unsealObject(stored, { key, bytes: stored.length, sha256 }, this.unsealing);
  }

  private fetch(key: string): Promise<Buffer> {
    return readWhole(this.store, key, { mostBytes: MOST_OBJECT_BYTES }, this.signal);
  }
}

/**
 * The transactions in an object of a log, as they stand in a log.
 * @throws GraphkeepError `repository.object-damaged` if it holds something else
 */
export async function readTransactions(plain: AsyncIterable<Uint8Array>, key: string): Promise<Buffer> {
  const [entry] = await readTar(plain, key);
  if (entry?.name === TRANSACTIONS_ENTRY) return Buffer.from(entry.content);
  throw objectError('repository.object-damaged', key, 'it holds no transactions', {
    observed: entry?.name ?? 'nothing',
  });
}

/**
 * The files in the tar that some plain bytes are, all in memory: no object is larger.
 * @throws GraphkeepError `repository.object-damaged` for anything but files
 */
export async function readTar(plain: AsyncIterable<Uint8Array>, key: string): Promise<TarEntry[]> {
  const pieces: Buffer[] = [];
  for await (const piece of plain) pieces.push(Buffer.from(piece));
  const extract = tar.extract();
  extract.end(Buffer.concat(pieces));
  const entries: TarEntry[] = [];
  try {
    for await (const entry of extract) {
      const { name, type } = entry.header;
      if (type !== 'file') throw new Error(`${name} is not a file`);
      const content: Buffer[] = [];
      for await (const piece of entry) content.push(piece as Buffer);
      entries.push({ name, content: Buffer.concat(content) });
    }
  } catch (error) {
    throw objectError('repository.object-damaged', key, 'the archive in it is damaged', {
      observed: (error as Error).message,
    });
  }
  return entries;
}
