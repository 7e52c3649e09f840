import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { printableText } from '../../base/printable-text.ts';
import { isInstance, JavaClass, type JavaException } from '../../protocol/backup-protocol/java-exception.ts';
import { readJavaException } from '../../protocol/backup-protocol/java-exception-reader.ts';

/** Number of causes shown. */
const MAX_CAUSES = 3;

/** The error for an exception that a server sent instead of an answer (spec common-protocol 12, 13). */
export function describeServerFailure(
  payload: Buffer,
  request: 'full' | 'incremental',
  place: ErrorPlace,
): GraphkeepError {
  const exception = readJavaException(payload);
  if (exception === undefined) {
    return new GraphkeepError('peer.failure', 'the server reported a failure that cannot be read', {
      place,
      observed: `${payload.length} bytes, ${payload.toString('hex', 0, 16)}`,
    });
  }
  const observed = describeException(exception);
  // The superclasses are unknown if the stream could not be read to its end.
  const isPruned = [JavaClass.missingLogData, JavaClass.noSuchTransaction].some((name) => isInstance(exception, name));
  if (request === 'incremental' && isPruned) {
    return new GraphkeepError('peer.history-pruned', 'the server has the next transactions no longer', {
      place,
      observed,
    });
  }
  if (isInstance(exception, JavaClass.illegalProtocolVersion)) {
    return new GraphkeepError('peer.protocol', 'the server expects another version of the backup protocol', {
      place,
      observed,
    });
  }
  return new GraphkeepError('peer.failure', 'the server reported a failure', { place, observed });
}

function describeException(exception: JavaException): string {
  const parts: string[] = [];
  for (let e: JavaException | undefined = exception; e !== undefined && parts.length <= MAX_CAUSES; e = e.cause) {
    parts.push(e.message === undefined ? e.className : `${e.className}: ${e.message}`);
  }
  return printableText(parts.join(', caused by '), 600);
}
