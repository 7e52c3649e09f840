import { expect, it } from 'vitest';
import { GraphkeepError } from '../../base/errors.ts';
import { readJavaException } from '../../protocol/backup-protocol/java-exception-reader.ts';
import { writeFailure, writeRefusal } from './failure-answer.ts';

const error = new GraphkeepError('serve.changed', 'the file neostore changed while it was served', {
  place: { file: '/data/graph.db/neostore' },
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
