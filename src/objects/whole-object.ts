import { createHash } from 'node:crypto';
import { GraphkeepError } from '../base/errors.ts';
import type { ByteRange, ObjectStore } from './object-store.ts';

/**
 * An object, or a range of it, in memory.
 * @param mostBytes what is larger is refused before it is received
 * @throws GraphkeepError `object.damaged` if it is larger, and what {@link ObjectStore.read} throws
 */
export async function readWhole(
  store: ObjectStore,
  key: string,
  { range, mostBytes }: { range?: ByteRange; mostBytes: number },
  signal: AbortSignal,
): Promise<Buffer> {
  let content = Buffer.alloc(0);
  let at = 0;
  const receive = (bytes: Uint8Array, { size }: { size: number }): void => {
    const total = range === undefined ? size : range.to - range.from;
    if (total > mostBytes || at + bytes.length > total) throw tooLarge(store, key, size, mostBytes);
    if (at === 0) content = Buffer.allocUnsafe(total);
    content.set(bytes, at);
    at += bytes.length;
  };
  await store.read(key, range, receive, signal);
  return content.subarray(0, at);
}

/**
 * Reads an object into memory that is there already.
 * @returns the number of its bytes
 * @throws GraphkeepError `object.damaged` if there is not room enough, and what {@link ObjectStore.read} throws
 */
export async function readInto(store: ObjectStore, key: string, into: Buffer, signal: AbortSignal): Promise<number> {
  let at = 0;
  const receive = (bytes: Uint8Array, { size }: { size: number }): void => {
    if (size > into.length || at + bytes.length > size) throw tooLarge(store, key, size, into.length);
    into.set(bytes, at);
    at += bytes.length;
  };
  await store.read(key, undefined, receive, signal);
  return at;
}

function tooLarge(store: ObjectStore, key: string, size: number, mostBytes: number): GraphkeepError {
  return new GraphkeepError('object.damaged', `the object is larger than the ${mostBytes} bytes that it may have`, {
    place: { object: `${store.address}/${key}` },
    observed: `${size} bytes`,
  });
}

export function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
