import { type Decrypter, Encrypter } from 'age-encryption';
import { GraphkeepError } from '../../../base/errors.ts';
import { objectError } from '../../object-errors.ts';

/** More than the header of any object that graphkeep writes. */
export const MOST_HEADER_BYTES = 64 * 1024;

const VERSION_LINE = Buffer.from('age-encryption.org/v1\n');
const LAST_LINE = '\n--- ';
/** Salt and tag of an empty payload. */
const EMPTY_PAYLOAD_BYTES = 32;

export interface FileHeader {
  /** Bytes of the header, up to the payload. */
  bytes: Uint8Array;
  /** The key that the payload is encrypted with. */
  fileKey: Uint8Array;
}

/** A new header with a new file key, which the given recipients (`age1...`) can open. */
export async function makeHeader(recipients: readonly string[]): Promise<FileHeader> {
  const encrypter = new Encrypter();
  let fileKey: Uint8Array | undefined;
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  // A recipient without a stanza of its own: it only sees the key.
  encrypter.addRecipient({
    wrapFileKey(key) {
      fileKey = key.slice();
      return [];
    },
  });
  const file = await encrypter.encrypt(new Uint8Array(0));
  return { bytes: file.subarray(0, file.length - EMPTY_PAYLOAD_BYTES), fileKey: fileKey! };
}

/**
 * Opens the header at the beginning of an object.
 * @param start the object, or at least its first `MOST_HEADER_BYTES`
 * @param decrypter knows the identities
 * @param object name of the object, for errors
 * @throws `repository.key-wrong`, `repository.object-truncated`, `repository.object-damaged`
 */
export async function openHeader(start: Uint8Array, decrypter: Decrypter, object: string): Promise<FileHeader> {
  const bytes = start.subarray(0, findHeaderEnd(start, object));
  try {
    return { bytes, fileKey: await decrypter.decryptHeader(bytes) };
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith('no identity matched')) {
      throw new GraphkeepError('repository.key-wrong', 'no identity opens the object', { place: { file: object } });
    }
    throw objectError('repository.object-damaged', object, `its age header is not valid: ${message}`, { cause: error });
  }
}

function findHeaderEnd(start: Uint8Array, object: string): number {
  const bytes = Buffer.from(start.buffer, start.byteOffset, Math.min(start.length, MOST_HEADER_BYTES));
  const version = bytes.subarray(0, VERSION_LINE.length);
  if (!version.equals(VERSION_LINE.subarray(0, bytes.length))) {
    throw objectError('repository.object-damaged', object, 'it is not encrypted with age', { offset: 0 });
  }
  const lastLine = bytes.indexOf(LAST_LINE);
  const end = lastLine < 0 ? -1 : bytes.indexOf('\n', lastLine + LAST_LINE.length);
  if (end >= 0) return end + 1;
  if (bytes.length < MOST_HEADER_BYTES) {
    throw objectError('repository.object-truncated', object, 'it ends inside its age header', { offset: bytes.length });
  }
  throw objectError('repository.object-damaged', object, 'its age header has no end', { offset: bytes.length });
}
