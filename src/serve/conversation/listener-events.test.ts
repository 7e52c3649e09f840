import { expect, it } from 'vitest';
import { GraphkeepError } from '../../base/errors.ts';
import { readJavaException } from '../../protocol/backup-protocol/java-exception-reader.ts';
import { writeFailure, writeRefusal } from '../backup-protocol/failure-answer.ts';
import { describeListenerEvent, type ListenerEvent } from './listener-events.ts';

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
  [{ kind: 'trouble', error: new Error('EMFILE') }, 'Cannot accept connections: EMFILE'],
])('the log line of an event: %j', (event, line) => {
  expect(describeListenerEvent(event)).toBe(line);
});

it('a client learns what happened, but no place, value or path of this machine', () => {
  expect(readJavaException(writeFailure(error))).toMatchObject({
    className: 'java.lang.RuntimeException',
    message: 'The backup server failed: the file neostore changed while it was served. See its log.',
  });
  const withPath = new GraphkeepError('file.io', 'cannot open /data/graph.db', { observed: 'EACCES /data/graph.db' });
  for (const secret of [withPath, new Error('/data/graph.db'), 'text /data']) {
    expect(readJavaException(writeFailure(secret))?.message).not.toContain('data');
  }
  const pruned = new GraphkeepError('serve.history-pruned', 'transaction 15 is in no log', { observed: 15 });
  expect(readJavaException(writeFailure(pruned))).toMatchObject({
    className: 'org.neo4j.kernel.impl.transaction.log.NoSuchTransactionException',
    message: expect.stringContaining('Unable to find transaction 15'),
  });
  const refused = new GraphkeepError('peer.protocol', 'an unknown request', { observed: 'id\u0000\u202e 9' });
  expect(readJavaException(writeRefusal(refused))?.message).toBe(
    'Refused by the backup server: an unknown request (id\\x00\\u202e 9)',
  );
});
