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
  const chunks: Buffer[] = [];
  const receive = (bytes: Uint8Array, { size }: { size: number }): void => {
    if ((range === undefined ? size : range.to - range.from) > mostBytes) {
      throw new GraphkeepError('object.damaged', `the object is larger than the ${mostBytes} bytes that it may have`, {
        place: { object: `${store.address}/${key}` },
        observed: `${size} bytes`,
      });
    }
    chunks.push(Buffer.from(bytes));
  };
  await store.read(key, range, receive, signal);
  return Buffer.concat(chunks);
}

export function sha256Of(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
