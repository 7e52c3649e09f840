import { randomBytes } from 'node:crypto';
import { freeMemory } from '../../../base/freed-memory.ts';
import { CHUNK_BYTES, encryptChunk, payloadKey, SALT_BYTES } from './payload-chunks.ts';

/** Encrypts bytes as the payload of an age file. */
export class PayloadWriter {
  private readonly key: Uint8Array;
  private readonly write: (bytes: Uint8Array) => void;
  /** Collected until it is known whether the chunk is the last one. */
  private readonly pending = Buffer.allocUnsafe(CHUNK_BYTES);
  private pendingBytes = 0;
  private chunk = 0;

  /** @param write takes what is written, in order; it must not keep the bytes */
  constructor(fileKey: Uint8Array, write: (bytes: Uint8Array) => void) {
    const salt = randomBytes(SALT_BYTES);
    this.key = payloadKey(fileKey, salt);
    this.write = write;
    write(salt);
  }

  add(content: Uint8Array): void {
    for (let at = 0; at < content.length; ) {
      if (this.pendingBytes === CHUNK_BYTES) this.encrypt(false);
      const count = Math.min(content.length - at, CHUNK_BYTES - this.pendingBytes);
      this.pending.set(content.subarray(at, at + count), this.pendingBytes);
      this.pendingBytes += count;
      at += count;
    }
  }

  end(): void {
    this.encrypt(true);
  }

  private encrypt(isLast: boolean): void {
    const content = this.pending.subarray(0, this.pendingBytes);
    const [encrypted, tag] = encryptChunk(this.key, this.chunk, isLast, content);
    this.write(encrypted);
    this.write(tag);
    freeMemory(encrypted);
    this.chunk++;
    this.pendingBytes = 0;
  }
}
