import { GraphkeepError } from '../../base/errors.ts';
import { printableMessage } from '../../base/printable-text.ts';
import { writeJavaException } from '../../protocol/backup-protocol/java-exception-writer.ts';
import { ResponseWriter } from '../../protocol/backup-protocol/response-writer.ts';

/**
 * The payload of a failure chunk (spec common-protocol 12, 13.2). The client learns in general what happened. Places, observed values and
 * everything that could be a path on this machine stay in our own log.
 */
export function writeFailure(error: unknown): Buffer {
  if (!(error instanceof GraphkeepError))
    return writeJavaException('runtime', 'The backup server failed. See its log.');
  if (error.code === 'serve.history-pruned') {
    // The text of a real server, as far as it has no path: users search for it.
    return writeJavaException(
      'noSuchTransaction',
      `Unable to find transaction ${error.observed} in any of my logical logs`,
    );
  }
  if (error.code === 'serve.other-store') {
    return writeJavaException('noSuchTransaction', `${withoutPaths(error.message)}: a full backup is needed`);
  }
  return writeJavaException('runtime', `The backup server failed: ${withoutPaths(error.message)}. See its log.`);
}

/** A refusal is short and needs no large buffers. */
const REFUSAL_BYTES = 16 * 1024;

/** The complete answer to something that is not a request. */
export async function encodeRefusal(error: unknown): Promise<Uint8Array> {
  const frames: Uint8Array[] = [];
  const writer = new ResponseWriter((frame) => {
    frames.push(Buffer.from(frame));
    return undefined;
  }, REFUSAL_BYTES);
  await writer.fail(writeRefusal(error));
  return Buffer.concat(frames);
}

/** The payload for something that is not a request. What the peer itself sent is no secret. */
export function writeRefusal(error: unknown): Buffer {
  if (!(error instanceof GraphkeepError)) return writeFailure(error);
  const observed = error.observed === undefined ? '' : ` (${error.observed})`;
  return writeJavaException('runtime', printableMessage(`Refused by the backup server: ${error.message}${observed}`));
}

function withoutPaths(message: string): string {
  return /[/\\]/.test(message) ? 'an error that is not for others' : printableMessage(message);
}
