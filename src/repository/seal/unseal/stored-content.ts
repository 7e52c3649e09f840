import type { Decrypter } from 'age-encryption';
import { objectError } from '../../object-errors.ts';
import { MOST_HEADER_BYTES, openHeader } from '../age/file-header.ts';
import { PayloadChunks } from '../age/payload-chunks.ts';

/** Reads ranges of the stored bytes of an object, as a request to a store does. */
export interface StoredObject {
  /** Name in the repository. */
  key: string;
  /** Size as stored. */
  bytes: number;
  read(from: number, to: number): Promise<Uint8Array>;
}

/** Ranges of what is encrypted in an object: its frames and their table. */
export interface StoredContent {
  bytes: number;
  read(from: number, to: number): Promise<Uint8Array>;
}

/** An object that is not encrypted. Nothing proves its bytes: the caller has to compare the plain ones with what it knows. */
export function openPlainContent(stored: StoredObject): StoredContent {
  return { bytes: stored.bytes, read: (from, to) => readExactly(stored, from, to) };
}

/**
 * An encrypted object, of which only the chunks that are needed are read and decrypted. Each is proven by its tag, and the last one proves
 * the size.
 * @throws `repository.key-wrong`, `repository.object-truncated`, `repository.object-damaged`; reading also `repository.object-overlong`
 */
export async function openEncryptedContent(stored: StoredObject, identities: Decrypter): Promise<StoredContent> {
  const { key } = stored;
  const start = await readExactly(stored, 0, Math.min(stored.bytes, MOST_HEADER_BYTES));
  const { bytes: header, fileKey } = await openHeader(start, identities, key);
  const chunks = new PayloadChunks(fileKey, start.subarray(header.length), stored.bytes - header.length, key);
  return {
    bytes: chunks.contentBytes,
    async read(from, to) {
      if (from >= to) return new Uint8Array(0);
      const { first, last, skip } = chunks.chunksOf(from, to);
      const base = chunks.placeOf(first).start;
      const sealed = await readExactly(stored, header.length + base, header.length + chunks.placeOf(last).end);
      const contents: Uint8Array[] = [];
      for (let chunk = first; chunk <= last; chunk++) {
        const { start, end } = chunks.placeOf(chunk);
        contents.push(chunks.decrypt(chunk, sealed.subarray(start - base, end - base)));
      }
      return Buffer.concat(contents).subarray(skip, skip + to - from);
    },
  };
}

async function readExactly(stored: StoredObject, from: number, to: number): Promise<Uint8Array> {
  const bytes = await stored.read(from, to);
  if (bytes.length === to - from) return bytes;
  const fault = bytes.length < to - from ? 'repository.object-truncated' : 'repository.object-overlong';
  throw objectError(fault, stored.key, `a range of ${to - from} bytes came with another size`, {
    offset: from,
    observed: bytes.length,
  });
}
