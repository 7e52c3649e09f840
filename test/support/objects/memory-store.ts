import { createHash } from 'node:crypto';
import { throwIfCancelled } from '../../../src/base/cancellation.ts';
import { GraphkeepError } from '../../../src/base/errors.ts';
import { requireKey, requireListPrefix } from '../../../src/objects/keys.ts';
import { objectError, rangeWithin, requireRange } from '../../../src/objects/object-errors.ts';
import type {
  ByteRange,
  CreateOptions,
  ObjectInfo,
  ObjectStore,
  ReadObject,
  ReceiveChunk,
  RemoveResult,
  StoreCapabilities,
} from '../../../src/objects/object-store.ts';

/** Objects that several stores may share, as several programs share a bucket. */
export class MemoryObjects {
  readonly byKey = new Map<string, MemoryObject>();
  private versions = 0;

  put(key: string, body: Uint8Array, lockedUntil?: Date): MemoryObject {
    const bytes = Buffer.from(body);
    const object = { bytes, etag: `"${++this.versions}"`, modified: new Date(), lockedUntil };
    this.byKey.set(key, object);
    return object;
  }

  /** The same objects, for a test that goes on from here in several ways. */
  copy(): MemoryObjects {
    const copy = new MemoryObjects();
    for (const [key, { bytes, lockedUntil }] of this.byKey) copy.put(key, bytes, lockedUntil);
    return copy;
  }
}

interface MemoryObject {
  bytes: Buffer;
  etag: string;
  modified: Date;
  lockedUntil: Date | undefined;
}

const CHUNK_BYTES = 100_000;

/** A store without a disk or a server, which does everything that a store can do, for tests of what is built on stores. */
export class MemoryStore implements ObjectStore {
  readonly kind = 'memory';
  readonly address = 'memory:';
  readonly objects: MemoryObjects;
  capabilities: StoreCapabilities = {
    conditionalCreate: true,
    conditionalReplace: true,
    serverSideCopy: true,
    startAfter: true,
    storedChecksum: true,
    objectLock: true,
    versions: false,
  };

  constructor(objects = new MemoryObjects()) {
    this.objects = objects;
  }

  async create(
    key: string,
    body: Uint8Array,
    sha256: Uint8Array,
    { lock }: CreateOptions,
    signal: AbortSignal,
  ): Promise<void> {
    await this.begin(signal, key);
    if (this.objects.byKey.has(key)) throw objectError('object.exists', placeOf(key));
    if (!hashOf(body).equals(sha256)) {
      throw new GraphkeepError('object.damaged', 'the body has another hash', { place: placeOf(key) });
    }
    this.objects.put(key, body, lock === undefined || lock === 'none' ? undefined : lock.until);
  }

  async replace(key: string, body: Uint8Array, etag: string | undefined, signal: AbortSignal): Promise<string> {
    await this.begin(signal, key);
    if (this.objects.byKey.get(key)?.etag !== etag) throw objectError('object.changed', placeOf(key));
    return this.objects.put(key, body).etag;
  }

  async read(
    key: string,
    range: ByteRange | undefined,
    receive: ReceiveChunk,
    signal: AbortSignal,
  ): Promise<ReadObject> {
    requireRange(range);
    await this.begin(signal, key);
    const object = this.objects.byKey.get(key);
    if (object === undefined) throw objectError('object.missing', placeOf(key));
    const of = { size: object.bytes.length, etag: object.etag };
    const { from, to } = rangeWithin(of.size, range, placeOf(key));
    for (let at = from; at < to; at += CHUNK_BYTES) {
      throwIfCancelled(signal);
      const chunk = Buffer.from(object.bytes.subarray(at, Math.min(to, at + CHUNK_BYTES)));
      await receive(chunk, of);
      // As the interface says: valid until now.
      chunk.fill(0xee);
    }
    return of;
  }

  async stat(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    await this.begin(signal, key);
    const object = this.objects.byKey.get(key);
    return object && { ...describe(key, object), sha256: hashOf(object.bytes) };
  }

  async *list(prefix: string, startAfter: string | undefined, signal: AbortSignal): AsyncGenerator<ObjectInfo, void> {
    requireListPrefix(prefix);
    await this.begin(signal);
    const keys = [...this.objects.byKey.keys()].sort();
    for (const key of keys.filter((name) => name.startsWith(prefix) && name > (startAfter ?? ''))) {
      throwIfCancelled(signal);
      const object = this.objects.byKey.get(key);
      if (object !== undefined) yield describe(key, object);
    }
  }

  async copy(from: string, to: string, signal: AbortSignal): Promise<void> {
    await this.begin(signal, from, to);
    const object = this.objects.byKey.get(from);
    if (object === undefined) throw objectError('object.missing', placeOf(from));
    if (this.objects.byKey.has(to)) throw objectError('object.exists', placeOf(to));
    this.objects.put(to, object.bytes);
  }

  async remove(keys: readonly string[], signal: AbortSignal): Promise<RemoveResult[]> {
    await this.begin(signal, ...keys);
    return keys.map((key) => {
      const { lockedUntil } = this.objects.byKey.get(key) ?? {};
      if (lockedUntil !== undefined && lockedUntil > new Date()) {
        const error = new GraphkeepError('object.denied', 'the object is protected', { place: placeOf(key) });
        return { key, removed: false, error };
      }
      this.objects.byKey.delete(key);
      return { key, removed: true };
    });
  }

  async now(signal: AbortSignal): Promise<Date> {
    await this.begin(signal);
    return new Date();
  }

  /** Everything comes later, as with a real store, and calls at the same time take turns. */
  private async begin(signal: AbortSignal, ...keys: string[]): Promise<void> {
    keys.forEach(requireKey);
    throwIfCancelled(signal);
    await Promise.resolve();
  }
}

function placeOf(key: string) {
  return { object: `memory:${key}` };
}

function describe(key: string, { bytes, etag, modified }: MemoryObject): ObjectInfo {
  return { key, size: bytes.length, etag, modified };
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
