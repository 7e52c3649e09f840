import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { objectError } from '../../object-errors.ts';

/**
 * The payload of an age file: 16 random bytes, then chunks of 64 KiB, each with its tag. Each chunk has the number of its place and a flag
 * of the last one in its nonce, so that none can be moved, removed or added (spec repository-objects 3). Encrypted by `node:crypto`, since
 * the library for the header takes eight times as long.
 */
export const SALT_BYTES = 16;
export const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

const CIPHER = 'chacha20-poly1305';
const NONCE_BYTES = 12;
const COUNTER_AT = 7;
const LAST_FLAG_AT = 11;

export function payloadKey(fileKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, salt, 'payload', 32));
}

export function encryptChunk(
  key: Uint8Array,
  chunk: number,
  isLast: boolean,
  content: Uint8Array,
): [Buffer, tag: Buffer] {
  const cipher = createCipheriv(CIPHER, key, chunkNonce(chunk, isLast), { authTagLength: TAG_BYTES });
  const encrypted = cipher.update(content);
  cipher.final();
  return [encrypted, cipher.getAuthTag()];
}

function chunkNonce(chunk: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(chunk, COUNTER_AT);
  nonce[LAST_FLAG_AT] = isLast ? 1 : 0;
  return nonce;
}

/** Decrypts the chunks of one payload, in any order. */
export class PayloadChunks {
  /** Number of chunks, at least one. */
  readonly count: number;
  /** Bytes of the content of all chunks. */
  readonly contentBytes: number;
  private readonly key: Uint8Array;
  private readonly bytes: number;
  private readonly object: string;

  /**
   * @param start the payload, or at least its first 16 bytes
   * @param bytes size of the payload
   * @param object name of the object, for errors
   * @throws `repository.object-truncated` if it is too short for any payload
   */
  constructor(fileKey: Uint8Array, start: Uint8Array, bytes: number, object: string) {
    if (bytes < SALT_BYTES + TAG_BYTES) {
      throw objectError('repository.object-truncated', object, 'it ends before its first chunk', { observed: bytes });
    }
    this.key = payloadKey(fileKey, start.subarray(0, SALT_BYTES));
    this.bytes = bytes;
    this.object = object;
    this.count = Math.max(1, Math.ceil((bytes - SALT_BYTES) / SEALED_CHUNK_BYTES));
    this.contentBytes = bytes - SALT_BYTES - this.count * TAG_BYTES;
  }

  /** Offsets of a chunk with its tag in the payload. */
  placeOf(chunk: number): { start: number; end: number } {
    const start = SALT_BYTES + chunk * SEALED_CHUNK_BYTES;
    return { start, end: Math.min(start + SEALED_CHUNK_BYTES, this.bytes) };
  }

  /** The chunks that hold a range of the content, and where it begins in the first of them. */
  chunksOf(from: number, to: number): { first: number; last: number; skip: number } {
    const first = Math.floor(from / CHUNK_BYTES);
    return { first, last: Math.floor((to - 1) / CHUNK_BYTES), skip: from - first * CHUNK_BYTES };
  }

  /**
   * Only the last chunk proves that there is no other one, and that the sizes are right.
   * @throws `repository.object-truncated`, `repository.object-damaged`, `repository.object-overlong`
   */
  decrypt(chunk: number, sealed: Uint8Array): Buffer {
    const isLast = chunk === this.count - 1;
    const details = { observed: `chunk ${chunk} of ${this.count}` };
    if (sealed.length < TAG_BYTES) {
      throw objectError('repository.object-truncated', this.object, 'it ends inside the tag of a chunk', details);
    }
    if (sealed.length === TAG_BYTES && chunk > 0) {
      throw objectError('repository.object-damaged', this.object, 'its last chunk is empty', details);
    }
    const content = this.tryDecrypt(chunk, isLast, sealed);
    if (content !== undefined) return content;
    if (this.tryDecrypt(chunk, !isLast, sealed) === undefined) {
      throw objectError('repository.object-damaged', this.object, 'a chunk does not match its tag', details);
    }
    if (isLast) {
      throw objectError('repository.object-truncated', this.object, 'it ends before its last chunk', details);
    }
    throw objectError('repository.object-overlong', this.object, 'bytes follow its last chunk', details);
  }

  private tryDecrypt(chunk: number, isLast: boolean, sealed: Uint8Array): Buffer | undefined {
    const tagAt = sealed.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, this.key, chunkNonce(chunk, isLast), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(tagAt));
    const content = decipher.update(sealed.subarray(0, tagAt));
    try {
      decipher.final();
    } catch {
      // The only thing that it tells is that the tag is another one.
      return undefined;
    }
    return content;
  }
}
