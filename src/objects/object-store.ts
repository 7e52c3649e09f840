/**
 * Where a repository keeps its data: complete, immutable objects under keys, in a folder or a bucket. Every implementation behaves the same
 * way (`test/support/conformance/object-store.ts`):
 *
 * - An object is complete when its key appears, and durable when `create` returns.
 * - An object is never overwritten. Only `replace` may do that, and only leases use it.
 * - Reading and listing see every object that was acknowledged before they began.
 * - A call is one attempt. What is worth another one fails with `object.unavailable`; {@link RetryingStore} makes it.
 * - Keys obey {@link requireKey}. No key is also the folder of another one (`a` and `a/b`): a folder cannot hold both.
 *
 * Errors of all calls: `object.key`, `object.denied`, `object.unavailable`, `object.no-store`, `object.unsupported`, `object.credentials`,
 * `object.tls`, `cancelled`, and `file.io` for a fault of the disk. Each method names what else it throws.
 */
export interface ObjectStore {
  readonly kind: 'folder' | 's3' | 'memory';
  /** For people: the path, or `s3://bucket/prefix`. */
  readonly address: string;
  /** What the store can do. Assumed at first; {@link probeStore} finds it out and sets it. */
  capabilities: StoreCapabilities;

  /**
   * Stores one complete object under a key that does not exist yet. `sha256` is that of the body; a store that can compares the two. The
   * body must stay as it is until the call returns.
   * @throws `object.exists`, `object.full`, `object.damaged` if something else arrived
   */
  create(key: string, body: Uint8Array, sha256: Uint8Array, options: CreateOptions, signal: AbortSignal): Promise<void>;

  /**
   * Puts one object in the place of another one, only for leases. `etag` is that of the object to be replaced; undefined: there must be
   * none. Where the store lacks `conditionalReplace`, of two callers at the same time both may succeed.
   * @returns the etag of the new object
   * @throws `object.changed` if another object is there, or none; `object.full`
   */
  replace(key: string, body: Uint8Array, etag: string | undefined, signal: AbortSignal): Promise<string>;

  /**
   * Reads an object or a part of it, chunk by chunk. The call returns after the last chunk, and never with fewer bytes than asked for.
   * @throws `object.missing`; `object.damaged` if the range is not in the object; whatever `receive` throws
   */
  read(key: string, range: ByteRange | undefined, receive: ReceiveChunk, signal: AbortSignal): Promise<ReadObject>;

  /** Undefined if there is no such object. */
  stat(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined>;

  /** Objects whose key begins with `prefix` and comes after `startAfter`, in the order of the bytes of their keys. */
  list(prefix: string, startAfter: string | undefined, signal: AbortSignal): AsyncIterable<ObjectInfo>;

  /**
   * Copies an object within the store, without the bytes passing through here.
   * @throws `object.missing`, `object.exists`, `object.full`
   */
  copy?(from: string, to: string, signal: AbortSignal): Promise<void>;

  /** Removes objects; a missing one counts as removed. One result for each key, in their order. */
  remove(keys: readonly string[], signal: AbortSignal): Promise<RemoveResult[]>;

  /** The time of the store's own clock, which all who use it share. Precision: one second. */
  now(signal: AbortSignal): Promise<Date>;
}

export interface StoreCapabilities {
  /** Of several who create one key at the same time, exactly one succeeds. Otherwise a look before the write has to do. */
  conditionalCreate: boolean;
  /** The same for {@link ObjectStore.replace}. It is not proof against races in every store that claims it: a hint. */
  conditionalReplace: boolean;
  serverSideCopy: boolean;
  /** A list that starts after a key does not read what is before it. */
  startAfter: boolean;
  /** {@link ObjectInfo.sha256} is known. */
  storedChecksum: boolean;
  /** Objects can be protected from removal for a time. */
  objectLock: boolean;
  /** The store keeps what was removed or replaced as older versions. */
  versions: boolean;
}

export interface CreateOptions {
  /** Needs `objectLock`. Nobody can remove the object before. Default: as the address of the store says, if it does. */
  lock?: { until: Date; mode: LockMode } | 'none';
}

/** With `governance`, who has a special right may remove an object all the same. */
export type LockMode = 'governance' | 'compliance';

/** Bytes from `from` up to, without, `to`; at least one. */
export interface ByteRange {
  from: number;
  to: number;
}

export interface ReadObject {
  /** Of the whole object, also if a part is read. */
  size: number;
  etag: string;
}

/** Gets the next bytes of an object. They are valid until the returned promise resolves. */
export type ReceiveChunk = (bytes: Uint8Array, object: ReadObject) => void | Promise<void>;

export interface ObjectInfo extends ReadObject {
  key: string;
  /** By the store's clock. */
  modified: Date;
  /** Of the content, where the store keeps it; a list never has it. */
  sha256?: Uint8Array;
}

/** `error`: why the object is still there. */
export type RemoveResult = { key: string; removed: true } | { key: string; removed: false; error: unknown };
