import { createHash } from 'node:crypto';
import { hasCode } from '../base/errors.ts';
import { objectError } from './object-errors.ts';
import type {
  ByteRange,
  CreateOptions,
  ObjectInfo,
  ObjectStore,
  ReadObject,
  ReceiveChunk,
  RemoveResult,
  StoreCapabilities,
} from './object-store.ts';
import { Retries } from './retry.ts';
import { sha256Of } from './whole-object.ts';

/**
 * A store whose calls are made again until they succeed or it is time to give up. An attempt that failed may have had its effect all the
 * same, because only its answer was lost. So an object that is there already counts as created, copied or replaced if it has exactly the
 * bytes that were to be there. Reading goes on where it broke off, and so does a list.
 */
export class RetryingStore implements ObjectStore {
  private readonly store: ObjectStore;
  private readonly retries: Retries;
  readonly copy?: (from: string, to: string, signal: AbortSignal) => Promise<void>;

  constructor(store: ObjectStore, retries: Retries = new Retries()) {
    this.store = store;
    this.retries = retries;
    if (store.copy !== undefined) this.copy = (from, to, signal) => this.copyOrFind(from, to, signal);
  }

  get kind(): ObjectStore['kind'] {
    return this.store.kind;
  }

  get address(): string {
    return this.store.address;
  }

  get capabilities(): StoreCapabilities {
    return this.store.capabilities;
  }

  set capabilities(found: StoreCapabilities) {
    this.store.capabilities = found;
  }

  async create(
    key: string,
    body: Uint8Array,
    sha256: Uint8Array,
    options: CreateOptions,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.retries.run(() => this.store.create(key, body, sha256, options, signal), signal);
    } catch (error) {
      if (!hasCode(error, 'object.exists') || !(await this.holds(key, body.length, sha256, signal))) throw error;
    }
  }

  async replace(key: string, body: Uint8Array, etag: string | undefined, signal: AbortSignal): Promise<string> {
    try {
      return await this.retries.run(() => this.store.replace(key, body, etag, signal), signal);
    } catch (error) {
      if (!hasCode(error, 'object.changed') || !(await this.holds(key, body.length, sha256Of(body), signal)))
        throw error;
      const { etag: written } = (await this.stat(key, signal)) ?? {};
      if (written === undefined) throw error;
      return written;
    }
  }

  private async copyOrFind(from: string, to: string, signal: AbortSignal): Promise<void> {
    try {
      await this.retries.run(() => this.store.copy!(from, to, signal), signal);
    } catch (error) {
      if (!hasCode(error, 'object.exists')) throw error;
      const source = await this.stat(from, signal);
      if (source === undefined) throw error;
      const sha256 = source.sha256 ?? (await this.hash(from, signal));
      if (!(await this.holds(to, source.size, sha256, signal))) throw error;
    }
  }

  /** Whether the object has exactly this content. */
  private async holds(key: string, size: number, sha256: Uint8Array, signal: AbortSignal): Promise<boolean> {
    try {
      const info = await this.stat(key, signal);
      if (info?.size !== size) return false;
      return Buffer.from(sha256).equals(info.sha256 ?? (await this.hash(key, signal)));
    } catch (error) {
      if (hasCode(error, 'object.missing')) return false;
      if (!hasCode(error, 'object.denied')) throw error;
    }
    // A key that may only write and list: the size has to do. Where several may write one key, they may read it as well.
    for await (const info of this.list(key, undefined, signal)) {
      if (info.key === key) return info.size === size;
    }
    return false;
  }

  private async hash(key: string, signal: AbortSignal): Promise<Buffer> {
    const hash = createHash('sha256');
    await this.read(key, undefined, (bytes) => void hash.update(bytes), signal);
    return hash.digest();
  }

  async read(
    key: string,
    range: ByteRange | undefined,
    receive: ReceiveChunk,
    signal: AbortSignal,
  ): Promise<ReadObject> {
    let at = range?.from ?? 0;
    let known: ReadObject | undefined;
    return await this.retries.run(async (progressed) => {
      const to = range?.to ?? known?.size;
      if (known !== undefined && at === to) return known;
      const rest = to === undefined ? undefined : { from: at, to };
      return await this.store.read(
        key,
        rest,
        async (bytes, object) => {
          known ??= object;
          if (known.etag !== object.etag) throw objectError('object.changed', { object: `${this.address}/${key}` });
          await receive(bytes, object);
          at += bytes.length;
          progressed();
        },
        signal,
      );
    }, signal);
  }

  async stat(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    return await this.retries.run(() => this.store.stat(key, signal), signal);
  }

  async *list(prefix: string, startAfter: string | undefined, signal: AbortSignal): AsyncGenerator<ObjectInfo, void> {
    let last = startAfter;
    let listing = this.store.list(prefix, last, signal)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.retries.run(async () => {
          try {
            return await listing.next();
          } catch (error) {
            listing = this.store.list(prefix, last, signal)[Symbol.asyncIterator]();
            throw error;
          }
        }, signal);
        if (next.done === true) return;
        last = next.value.key;
        yield next.value;
      }
    } finally {
      await listing.return?.();
    }
  }

  async remove(keys: readonly string[], signal: AbortSignal): Promise<RemoveResult[]> {
    const results = new Map<string, RemoveResult>();
    let left = keys;
    const removeLeft = async (): Promise<void> => {
      for (const result of await this.store.remove(left, signal)) results.set(result.key, result);
      left = left.filter((key) => results.get(key)?.removed !== true);
      const passing = left.map((key) => results.get(key)).find(isPassing);
      if (passing !== undefined) throw passing.error;
    };
    try {
      await this.retries.run(removeLeft, signal);
    } catch (error) {
      // Given up: each key says why. If the store was never asked, nothing is known of any key.
      if (!keys.every((key) => results.has(key))) throw error;
      if (!hasCode(error, 'object.unavailable')) throw error;
    }
    return keys.map((key) => results.get(key)!);
  }

  async now(signal: AbortSignal): Promise<Date> {
    return await this.retries.run(() => this.store.now(signal), signal);
  }
}

function isPassing(result: RemoveResult | undefined): result is RemoveResult & { removed: false } {
  return result?.removed === false && hasCode(result.error, 'object.unavailable');
}
