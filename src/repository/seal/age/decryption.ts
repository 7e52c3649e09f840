import type { Decrypter } from 'age-encryption';
import { openHeader } from './file-header.ts';
import { PayloadChunks } from './payload-chunks.ts';

/**
 * Decrypts a whole object, chunk by chunk.
 * @param decrypter knows the identities
 * @param object name of the object, for errors
 * @throws `repository.key-wrong`, `repository.object-truncated`, `repository.object-damaged`, `repository.object-overlong`
 */
export async function* decryptObject(bytes: Uint8Array, decrypter: Decrypter, object: string): AsyncGenerator<Buffer> {
  const { bytes: header, fileKey } = await openHeader(bytes, decrypter, object);
  const payload = bytes.subarray(header.length);
  const chunks = new PayloadChunks(fileKey, payload, payload.length, object);
  for (let chunk = 0; chunk < chunks.count; chunk++) {
    const { start, end } = chunks.placeOf(chunk);
    yield chunks.decrypt(chunk, payload.subarray(start, end));
  }
}
