import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../../test/support/corpus/unpack-corpus.ts';
import { logsOf } from '../../../../test/support/modern/growing-database.ts';
import { unpackModernDatabase } from '../../../../test/support/modern/modern-corpus.ts';
import { readCheckPointFile } from './check-point-log.ts';
import { hasServerStopped } from './server-life.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(scratch));

it('a server that has stopped is seen in its check points, and one that goes on is not', async () => {
  const stopped = logsOf(`${await unpackModernDatabase('2026.08.1-clean', scratch)}/data`);
  const checkPoints = readCheckPointFile(stopped, 0);
  for (const since of [undefined, ...checkPoints.slice(0, -1)]) expect(hasServerStopped(stopped, since)).toBe(true);
  // It was stopped before that, if at all.
  expect(hasServerStopped(stopped, checkPoints.at(-1))).toBe(false);
  for (const name of ['4.4.48-fuzzy', '5.26.30-fuzzy', '2026.08.1-envelope-fuzzy'] as const) {
    const running = logsOf(`${await unpackModernDatabase(name, `${scratch}/${name}`)}/data`);
    expect(hasServerStopped(running, undefined), name).toBe(false);
  }
});
