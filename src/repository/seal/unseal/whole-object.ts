import { createHash } from 'node:crypto';
import { freeMemory } from '../../../base/freed-memory.ts';
import { objectError } from '../../object-errors.ts';
import { decryptObject } from '../age/decryption.ts';
import { decodeFrames } from '../frames/frame-reader.ts';
import { MOST_OBJECT_BYTES } from '../frames/limits.ts';
import { demandIdentities, type Unsealing } from './unsealing.ts';

/** What a catalogue says about an object. */
export interface ExpectedObject {
  /** Name in the repository. */
  key: string;
  /** Size as stored. */
  bytes: number;
  /** SHA-256 of the stored bytes. */
  sha256: Uint8Array;
}

/**
 * Unseals a whole object: its plain bytes, in order, in pieces that are valid until the next one. Nothing comes out before size and SHA-256
 * of the stored bytes were compared.
 * @throws `repository.object-truncated`, `repository.object-damaged`, `repository.object-overlong`, `repository.object-oversized`,
 *   `repository.key-missing`, `repository.key-wrong`
 */
export async function* unsealObject(
  stored: Uint8Array,
  expected: ExpectedObject,
  unsealing: Unsealing,
): AsyncGenerator<Uint8Array> {
  const { key } = expected;
  const identities = demandIdentities(unsealing, key);
  checkObjectSize(expected.bytes, key);
  verifyStored(stored, expected);
  if (identities === 'none') {
    yield* decodeFrames(stored, key, unsealing.codec);
    return;
  }
  // The table is behind the frames, so everything is decrypted first.
  const content = Buffer.allocUnsafe(stored.length);
  let contentBytes = 0;
  for await (const chunk of decryptObject(stored, identities, key)) {
    content.set(chunk, contentBytes);
    contentBytes += chunk.length;
    freeMemory(chunk);
  }
  yield* decodeFrames(content.subarray(0, contentBytes), key, unsealing.codec);
}

/** @throws `repository.object-truncated`, `repository.object-overlong`, `repository.object-damaged` */
export function verifyStored(stored: Uint8Array, { key, bytes, sha256 }: ExpectedObject): void {
  verifyStoredSize(stored, key, bytes);
  const observed = createHash('sha256').update(stored).digest();
  if (!observed.equals(sha256)) {
    throw objectError('repository.object-damaged', key, 'it has another SHA-256 than it should', {
      observed: observed.toString('hex'),
    });
  }
}

/** @throws `repository.object-truncated`, `repository.object-overlong` */
export function verifyStoredSize(stored: Uint8Array, key: string, bytes: number): void {
  if (stored.length === bytes) return;
  const fault = stored.length < bytes ? 'repository.object-truncated' : 'repository.object-overlong';
  throw objectError(fault, key, `it should have ${bytes} bytes`, { observed: stored.length });
}

/** @throws `repository.object-oversized` */
export function checkObjectSize(bytes: number, key: string): void {
  if (bytes <= MOST_OBJECT_BYTES) return;
  throw objectError('repository.object-oversized', key, 'it is larger than any object', { observed: bytes });
}
