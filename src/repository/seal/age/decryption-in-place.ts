import { freeMemory } from '../../../base/freed-memory.ts';
import { PayloadChunks } from './payload-chunks.ts';

/**
 * Decrypts the payload of an object where it is, without further memory. Its content is at the beginning of what is returned.
 * @param object name of the object, for errors
 * @throws `repository.object-truncated`, `repository.object-damaged`, `repository.object-overlong`
 */
export function decryptInPlace(payload: Uint8Array, fileKey: Uint8Array, object: string): Uint8Array {
  const chunks = new PayloadChunks(fileKey, payload, payload.length, object);
  let bytes = 0;
  for (let chunk = 0; chunk < chunks.count; chunk++) {
    const { start, end } = chunks.placeOf(chunk);
    // The content of all chunks before takes less room than they did, so nothing is overwritten that is still needed.
    const content = chunks.decrypt(chunk, payload.subarray(start, end));
    payload.set(content, bytes);
    bytes += content.length;
    freeMemory(content);
  }
  return payload.subarray(0, bytes);
}
