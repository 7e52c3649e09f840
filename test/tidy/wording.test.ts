import { expect, test } from 'vitest';
import { readFiles } from './project-files.ts';

/*
 * Rooms report events, `src/cli/` finds the words (docs/architecture.md). Lines of the 3.x tool, which contain the names of its classes,
 * are made only there, and so are timestamps before a line. The output of a child process is something else.
 */

const LINES_OF_THE_TOOL = /\bo\.n\.[a-z.]+\.[A-Z]|formatLogTime|(?<!child\.)\b(stdout|stderr)\b\s*[.(]/;

test('no room below the command line writes lines for people', () => {
  const files = readFiles(/^src\/.*(?<!\.test)\.ts$/).filter(({ text }) => LINES_OF_THE_TOOL.test(text));
  const rooms = new Set(files.map(({ path }) => path.split('/')[1]));
  expect([...rooms]).toEqual(['cli']);
});
