import { expect, it } from 'vitest';
import { GraphkeepError } from '../../base/errors.ts';
import type { ListenerEvent } from '../../serve/conversation/listener-events.ts';
import { describeListenerEvent } from './listener-text.ts';

const peer = '10.0.0.9:4711';
const error = new GraphkeepError('serve.changed', 'the file neostore changed while it was served', {
  place: { file: '/data/graph.db/neostore' },
});
const figures = { request: 'full', peer, bytes: 4096, durationMs: 1234 } as const;

it.each<[ListenerEvent, string]>([
  [{ kind: 'started', request: 'full', peer }, `Full backup started for ${peer}`],
  [
    { kind: 'started', request: 'incremental', peer, after: 7 },
    `Incremental backup started for ${peer}, after transaction 7`,
  ],
  [{ kind: 'finished', ...figures }, `Full backup finished for ${peer}, 4096 bytes in 1.2 s`],
  [
    { kind: 'failed', error, ...figures },
    `Full backup failed for ${peer}, 4096 bytes in 1.2 s: the file neostore changed while it was served (file /data/graph.db/neostore)`,
  ],
  [
    { kind: 'aborted', error: new Error('gone'), ...figures },
    `Full backup aborted for ${peer}, 4096 bytes in 1.2 s: gone`,
  ],
  [{ kind: 'refused', peer, error: new Error('bad') }, `Connection of ${peer} refused: bad`],
  [{ kind: 'silent', peer, error: new Error('no request') }, `Connection of ${peer} closed: no request`],
  [{ kind: 'left-out', count: 7 }, '7 more events, too many to be told one by one'],
  [{ kind: 'trouble', error: new Error('EMFILE') }, 'Cannot accept connections: EMFILE'],
])('an event has its log line: %j', (event, line) => {
  expect(describeListenerEvent(event)).toBe(line);
});
