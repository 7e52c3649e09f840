import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../../test/support/corpus/unpack-corpus.ts';
import { findCause } from './failure-cause.ts';

let home: string;

beforeAll(async () => {
  home = await makeTemporaryDirectory();
  mkdirSync(join(home, 'logs'));
});
afterAll(() => removeDirectory(home));

const write = (...lines: string[]) => writeFileSync(join(home, 'logs', 'debug.log'), `${lines.join('\n')}\n`);

it('the innermost cause of the first error that has one is told', async () => {
  write(
    '2026-12-01 00:13:19.779+0000 WARN  [a] Missing counts store, rebuilding it.',
    '2026-12-01 00:13:20.000+0000 ERROR [b] Something else',
    '2026-12-01 00:13:22.923+0000 ERROR [c] Failed to start DatabaseId{911d8442[neo4j]}',
    'org.neo4j.X: Unable to start',
    '\tat somewhere',
    'Caused by: java.lang.RuntimeException: outer',
    '\tat somewhere',
    'Caused by: java.lang.RuntimeException: Store files are missing',
    '\t... 12 more',
  );
  expect(await findCause(home, 'console')).toBe('java.lang.RuntimeException: Store files are missing');
});

it('logs of JSON lines are read too, even if the last one is half written', async () => {
  const line = (level: string, message: string, stacktrace?: string) => JSON.stringify({ level, message, stacktrace });
  write(
    line('INFO', 'Starting'),
    line('ERROR', 'Failed to start', 'X: failed\n\tat a\nCaused by: Y: the log is damaged\n\tat b'),
    '{"level":"ERROR","mess',
  );
  expect(await findCause(home, 'console')).toBe('Y: the log is damaged');
});

it('without a cause it is the error, and without a log the console', async () => {
  write('2026-12-01 00:13:20.000+0000 ERROR [b] Address in use');
  expect(await findCause(home, 'console')).toContain('Address in use');
  rmSync(join(home, 'logs', 'debug.log'));
  expect(await findCause(home, `${'x'.repeat(1000)} the end\n`)).toMatch(/^x+ the end$/);
});
