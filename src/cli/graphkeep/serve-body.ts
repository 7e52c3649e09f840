import { once } from 'node:events';
import { printableLine } from '../../base/printable-text.ts';
import { formatAddress } from '../../net/server-address.ts';
import { BackupListener } from '../../serve/backup-listener.ts';
import type { ListenerEvent } from '../../serve/conversation/listener-events.ts';
import { serveStore } from '../../serve/database/stopped-store.ts';
import { EventThrottle } from '../../serve/event-throttle.ts';
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
  const { directory, logDirectory, listen, limits, sslPolicy, compression } = await requestServe(values, context);
  for (const notice of sslPolicy?.notices ?? []) reporter.note(noteOfEvent(notice, describePolicyNotice(notice)));
  const store = await serveStore(directory, { logDirectory });
  try {
    const clients = new ClientCount();
    reporter.answerStateWith(() => clients.describe());
    const onEvent = (event: ListenerEvent): void => {
      clients.after(event);
      const text = printableLine(`${formatLogTime(context.now())} ${describeListenerEvent(event)}`);
      reporter.happened(event.kind, text, dataOfEvent(event));
    };
    const throttle = new EventThrottle(onEvent);
    const listener = await BackupListener.start(store, {
      listen,
      limits,
      sslPolicy,
      compression,
      onEvent: throttle.take,
    });
    const address = formatAddress(listener.address);
    const security = sslPolicy === undefined ? '' : `, with TLS policy '${sslPolicy.name}'`;
    const lines = [`Serving ${store.description}`, `Listening on ${address}${security}`];
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
    await store.close();
  }
}
