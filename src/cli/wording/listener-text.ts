import { describeError } from '../../base/errors.ts';
import type { AnswerFigures, ListenerEvent, RequestKind } from '../../serve/conversation/listener-events.ts';

const names: Record<RequestKind, string> = {
  full: 'Full backup',
  incremental: 'Incremental backup',
  part: 'Part of a backup',
};

/** One line for people. Errors include local paths: this is for the server's log, not for the client. */
export function describeListenerEvent(event: ListenerEvent): string {
  switch (event.kind) {
    case 'started':
      return `${names[event.request]} started for ${event.peer}${
        event.after === undefined ? '' : `, after transaction ${event.after}`
      }`;
    case 'finished':
      return `${names[event.request]} finished for ${describeFigures(event)}`;
    case 'failed':
      return `${names[event.request]} failed for ${describeFigures(event)}: ${describeError(event.error)}`;
    case 'aborted':
      return `${names[event.request]} aborted for ${describeFigures(event)}: ${describeError(event.error)}`;
    case 'refused':
      return `Connection of ${event.peer} refused: ${describeError(event.error)}`;
    case 'silent':
      return `Connection of ${event.peer} closed: ${describeError(event.error)}`;
    case 'left-out':
      return `${event.count} more events, too many to be told one by one`;
    case 'trouble':
      return `Cannot accept connections: ${describeError(event.error)}`;
    default:
      return event satisfies never;
  }
}

function describeFigures({ peer, bytes, durationMs }: AnswerFigures): string {
  return `${peer}, ${bytes} bytes in ${(durationMs / 1000).toFixed(1)} s`;
}
