import { expect, test } from 'vitest';
import { CODE, type ProjectFile, readFiles } from './project-files.ts';

/** Start of a `catch` without a name for the error. A catch of all errors must say why, in a comment that comes first in its block. */
const BARE = /catch \{$/;

function findUnexplained({ path, text }: ProjectFile): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i) =>
    BARE.test(line) && !/^\s*\/\/ /.test(lines[i + 1] ?? '') ? [`${path}:${i + 1}`] : [],
  );
}

test('every catch of all errors says why', () => {
  expect(readFiles(CODE).flatMap(findUnexplained)).toEqual([]);
});

test('a catch without a reason is found', () => {
  const text = [
    'try {',
    '  f();',
    '} catch {',
    '  return;',
    '}',
    '} catch {',
    '  // It has ended.',
    '} catch (error) {',
  ];
  expect(findUnexplained({ path: 'a.ts', text: text.join('\n') })).toEqual(['a.ts:3']);
});
