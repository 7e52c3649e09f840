import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { GraphkeepError } from '../../base/errors.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { readInto, readWhole, sha256Of } from '../../objects/whole-object.ts';
import { objectError } from '../object-errors.ts';
import { MOST_OBJECT_BYTES } from '../seal/frames/limits.ts';
import type { Unsealing } from '../seal/unseal/unsealing.ts';
import { checkObjectSize, type ExpectedObject, unsealObject, verifyStored } from '../seal/unseal/whole-object.ts';
import type { UnsealPool } from '../seal/unseal-pool/unseal-pool.ts';
import { parseLogRange, type RawRange } from '../tar/log-ranges.ts';
import { type TarEntry, TRANSACTIONS_ENTRY } from '../tar/tar-content.ts';

/** Objects of one repository, read and unsealed. */
export class StoredObjects {
  readonly store: ObjectStore;
  private readonly unsealing: Unsealing;
  private readonly signal: AbortSignal;
  private readonly pool: UnsealPool | undefined;

  /** `pool`: threads that unseal; without them this one does. */
  constructor(store: ObjectStore, unsealing: Unsealing, signal: AbortSignal, pool?: UnsealPool) {
    this.store = store;
    this.unsealing = unsealing;
    this.signal = signal;
    this.pool = pool;
  }

  /** The plain bytes of an object, in pieces that are valid until the next one. */
  async *read(expected: ExpectedObject): AsyncGenerator<Uint8Array> {
    const { key } = expected;
    if (this.pool === undefined) {
      yield* unsealObject(await this.fetch(key), expected, this.unsealing);
      return;
    }
    checkObjectSize(expected.bytes, key);
    yield* this.unsealInPool(this.pool, key, (stored) => verifyStored(stored, expected));
  }

  /** As {@link read}, for an object of which only the name tells the digest: how its SHA-256 begins. */
  async *readNamed(key: string, digest: string): AsyncGenerator<Uint8Array> {
    if (this.pool === undefined) {
      const stored = await this.fetch(key);
      const sha256 = requireDigest(stored, key, digest);
      yield* unsealObject(stored, { key, bytes: stored.length, sha256 }, this.unsealing);
      return;
    }
    yield* this.unsealInPool(this.pool, key, (stored) => void requireDigest(stored, key, digest));
  }

  private fetch(key: string): Promise<Buffer> {
    return readWhole(this.store, key, { mostBytes: MOST_OBJECT_BYTES }, this.signal);
  }

  private unsealInPool(pool: UnsealPool, key: string, verify: (stored: Uint8Array) => void) {
    const fetch = (into: Buffer) => readInto(this.store, key, into, this.signal);
    return pool.unseal({ key, fetch, verify }, this.unsealing);
  }
}

function requireDigest(stored: Uint8Array, key: string, digest: string): Buffer {
  const sha256 = sha256Of(stored);
  if (sha256.toString('hex').startsWith(digest)) return sha256;
  throw objectError('repository.object-damaged', key, 'it has another SHA-256 than its name says', {
    observed: sha256.toString('hex'),
  });
}

/**
 * The transactions in an object of a log, as they stand in a log, in pieces that are valid until the next one.
 * @throws GraphkeepError `repository.object-damaged` if it holds something else
 */
export async function* readTransactions(plain: AsyncIterable<Uint8Array>, key: string): AsyncGenerator<Buffer> {
  let isFound = false;
  for await (const { name, content } of readEntries(plain, key)) {
    if (isFound) continue;
    if (name !== TRANSACTIONS_ENTRY) {
      throw objectError('repository.object-damaged', key, 'it holds no transactions', { observed: name });
    }
    isFound = true;
    yield* content;
  }
  if (!isFound)
    throw objectError('repository.object-damaged', key, 'it holds no transactions', { observed: 'nothing' });
}

/**
 * The files in the tar that some plain bytes are, all in memory: no object is larger.
 * @throws GraphkeepError `repository.object-damaged` for anything but files
 */
export async function readTar(plain: AsyncIterable<Uint8Array>, key: string): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const { name, content } of readEntries(plain, key)) {
    const pieces: Buffer[] = [];
    for await (const piece of content) pieces.push(piece);
    entries.push({ name, content: Buffer.concat(pieces) });
  }
  return entries;
}

interface StreamedEntry {
  readonly name: string;
  readonly content: AsyncIterable<Buffer>;
}

/** The files in a tar, one after the other: what is not read of one is passed over. */
async function* readEntries(plain: AsyncIterable<Uint8Array>, key: string): AsyncGenerator<StreamedEntry> {
  const extract = tar.extract();
  // It keeps what it gets.
  const copies = async function* () {
    for await (const piece of plain) yield Buffer.from(piece);
  };
  let failure: unknown;
  const fed = pipeline(Readable.from(copies(), { objectMode: false }), extract).catch((error: unknown) => {
    failure = error;
  });
  try {
    for await (const entry of extract) {
      const { name, type } = entry.header;
      if (type !== 'file') throw new Error(`${name} is not a file`);
      yield { name, content: entry as AsyncIterable<Buffer> };
      entry.resume();
    }
    await fed;
    if (failure !== undefined) throw failure;
  } catch (error) {
    const cause = failure ?? error;
    if (cause instanceof GraphkeepError) throw cause;
    throw objectError('repository.object-damaged', key, 'the archive in it is damaged', {
      observed: (cause as Error).message,
    });
  } finally {
    extract.destroy();
    await fed;
  }
}

/**
 * The parts of log files in an object of a log that is kept byte for byte.
 * @throws GraphkeepError `repository.object-damaged` if it holds something else
 */
export async function readLogRanges(plain: AsyncIterable<Uint8Array>, key: string): Promise<RawRange[]> {
  return (await readTar(plain, key)).map(({ name, content }) => {
    const range = parseLogRange(name);
    if (range !== undefined) return { ...range, content };
    throw objectError('repository.object-damaged', key, 'it holds something that is no part of a log', {
      observed: name,
    });
  });
}
