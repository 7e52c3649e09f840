import { makeHeader } from './file-header.ts';
import { PayloadWriter } from './payload-writer.ts';

/**
 * Starts an age file for recipients: writes its header, and returns what takes its content.
 * @param recipients `age1...`, at least one
 * @param write takes what is written, in order; it must not keep the bytes
 */
export async function startEncryption(
  recipients: readonly string[],
  write: (bytes: Uint8Array) => void,
): Promise<PayloadWriter> {
  const { bytes, fileKey } = await makeHeader(recipients);
  write(bytes);
  return new PayloadWriter(fileKey, write);
}
