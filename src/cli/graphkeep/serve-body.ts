import { once } from 'node:events';
import { asGraphkeepError } from '../../base/file-errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatAddress } from '../../net/server-address.ts';
import { BackupListener } from '../../serve/backup-listener.ts';
import type { ListenerEvent } from '../../serve/conversation/listener-events.ts';
import { EventThrottle } from '../../serve/event-throttle.ts';
import type { OpenServed } from '../../serve/open-served.ts';
import { formatLogTime } from '../command-context.ts';
import { requestServe } from '../commands/serve-request.ts';
import { describeListenerEvent } from '../wording/listener-text.ts';
import { describePolicyNotice } from '../wording/policy-text.ts';
import { ClientCount } from './client-count.ts';
import { dataOfEvent, noteOfEvent } from './event-data.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** Serves until SIGINT or SIGTERM, which is the ordinary end. */
export async function serveBody({ values, context }: Invocation, reporter: Reporter): Promise<void> {
  const { directory, open, listen, limits, sslPolicy, compression } = await requestServe(values, context);
  for (const notice of sslPolicy?.notices ?? []) reporter.note(noteOfEvent(notice, describePolicyNotice(notice)));
  const served = await open();
  try {
    const clients = new ClientCount();
    reporter.answerStateWith(() => clients.describe());
    const onEvent = (event: ListenerEvent): void => {
      clients.after(event);
      const text = printableLine(`${formatLogTime(context.now())} ${describeListenerEvent(event)}`);
      reporter.happened(event.kind, text, dataOfEvent(event));
    };
    const throttle = new EventThrottle(onEvent);
    const listener = await BackupListener.start(served.place, {
      listen,
      limits,
      sslPolicy,
      compression,
      onEvent: throttle.take,
    });
    const address = formatAddress(listener.address);
    const security = sslPolicy === undefined ? '' : `, with TLS policy '${sslPolicy.name}'`;
    const lines = [describeServed(served), `Listening on ${address}${security}`];
    const text = lines.map(printableLine).join('\n');
    reporter.happened('listening', text, { address, directory });
    try {
      if (!context.signal.aborted) await once(context.signal, 'abort');
    } finally {
      await listener.stop();
      throttle.endWindow();
    }
    reporter.report('Stopped.', { directory });
  } finally {
    await served.close();
  }
}

function describeServed({ description, trouble }: OpenServed): string {
  if (trouble === undefined) return `Serving ${description}`;
  const why = asGraphkeepError(trouble);
  return `Serving ${description} as soon as that can be done: ${why.message}${why.observed === undefined ? '' : ` (${why.observed})`}`;
}
