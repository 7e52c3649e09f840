import { cancelledError, throwIfCancelled } from '../../../src/base/cancellation.ts';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { GraphkeepError } from '../../../src/base/errors.ts';
import { ObjectUnavailable } from '../../../src/objects/object-errors.ts';
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

export type StoreOperation = 'create' | 'replace' | 'read' | 'stat' | 'list' | 'copy' | 'remove' | 'now';

/** One call of the store. */
export interface StoreCall {
  readonly operation: StoreOperation;
  /** The key or prefix; of several keys the first one. */
  readonly key: string;
  /** Calls of all operations, from 0. */
  readonly number: number;
}

/**
 * What goes wrong with a call. `before`: it has no effect. `after`: it has, and its answer is lost. `short`: a body breaks off after so
 * many bytes, or a list after so many objects. `stall`: there is no answer, until the caller gives up.
 */
export type Fault =
  | { readonly kind: 'before' | 'after'; readonly error: GraphkeepError }
  | { readonly kind: 'short'; readonly after: number }
  | { readonly kind: 'stall' };

const codes = {
  403: 'object.denied',
  404: 'object.missing',
  412: 'object.exists',
  ENOSPC: 'object.full',
} as const satisfies Record<string, ErrorCode>;

/** An error as a store makes it of this answer. Those that may pass are `object.unavailable`. */
export function answer(code: keyof typeof codes | 409 | 503 | 'ECONNRESET', retryAfterMs?: number): GraphkeepError {
  const known = (codes as Partial<Record<string | number, ErrorCode>>)[code];
  if (known !== undefined) return new GraphkeepError(known, 'a scripted fault', { observed: code });
  return new ObjectUnavailable('a scripted fault', { observed: code, retryAfterMs });
}

export const faults = {
  before: (error: GraphkeepError): Fault => ({ kind: 'before', error }),
  after: (error: GraphkeepError): Fault => ({ kind: 'after', error }),
  lostAnswer: { kind: 'after', error: answer('ECONNRESET') } as Fault,
  short: (after: number): Fault => ({ kind: 'short', after }),
  stall: { kind: 'stall' } as Fault,
};

/** A store whose calls fail as a script says; the others go through. */
export class FaultyStore implements ObjectStore {
  readonly calls: StoreCall[] = [];
  private readonly store: ObjectStore;
  /** May be changed at any time. */
  script: (call: StoreCall) => Fault | undefined;

  constructor(store: ObjectStore, script: (call: StoreCall) => Fault | undefined = () => undefined) {
    this.store = store;
    this.script = script;
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

  create(
    key: string,
    body: Uint8Array,
    sha256: Uint8Array,
    options: CreateOptions,
    signal: AbortSignal,
  ): Promise<void> {
    return this.call('create', key, signal, () => this.store.create(key, body, sha256, options, signal));
  }

  replace(key: string, body: Uint8Array, etag: string | undefined, signal: AbortSignal): Promise<string> {
    return this.call('replace', key, signal, () => this.store.replace(key, body, etag, signal));
  }

  read(key: string, range: ByteRange | undefined, receive: ReceiveChunk, signal: AbortSignal): Promise<ReadObject> {
    return this.call('read', key, signal, (limit) => {
      let left = limit;
      const receiveSome: ReceiveChunk = async (bytes, object) => {
        const part = bytes.subarray(0, Math.min(left, bytes.length));
        left -= part.length;
        if (part.length > 0) await receive(part, object);
        if (part.length < bytes.length) throw answer('ECONNRESET');
      };
      return this.store.read(key, range, receiveSome, signal);
    });
  }

  stat(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.call('stat', key, signal, () => this.store.stat(key, signal));
  }

  async *list(prefix: string, startAfter: string | undefined, signal: AbortSignal): AsyncGenerator<ObjectInfo, void> {
    const limit = await this.call('list', prefix, signal, async (most) => most);
    let seen = 0;
    for await (const info of this.store.list(prefix, startAfter, signal)) {
      if (seen++ === limit) throw answer('ECONNRESET');
      yield info;
    }
  }

  copy(from: string, to: string, signal: AbortSignal): Promise<void> {
    return this.call('copy', from, signal, () => this.store.copy!(from, to, signal));
  }

  remove(keys: readonly string[], signal: AbortSignal): Promise<RemoveResult[]> {
    return this.call('remove', keys[0] ?? '', signal, () => this.store.remove(keys, signal));
  }

  now(signal: AbortSignal): Promise<Date> {
    return this.call('now', '', signal, () => this.store.now(signal));
  }

  private async call<T>(
    operation: StoreOperation,
    key: string,
    signal: AbortSignal,
    action: (limit: number) => Promise<T>,
  ): Promise<T> {
    const call = { operation, key, number: this.calls.length };
    this.calls.push(call);
    const fault = this.script(call);
    if (fault?.kind === 'stall') await untilCancelled(signal);
    if (fault?.kind === 'before') throw fault.error;
    const result = await action(fault?.kind === 'short' ? fault.after : Number.POSITIVE_INFINITY);
    if (fault?.kind === 'after') throw fault.error;
    return result;
  }
}

function untilCancelled(signal: AbortSignal): Promise<never> {
  throwIfCancelled(signal);
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(cancelledError(signal)), { once: true });
  });
}
