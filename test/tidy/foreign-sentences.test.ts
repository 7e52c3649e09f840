import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import list from './foreign-sentences.json' with { type: 'json' };
import { findForeign, hashSentence } from './foreign-sentences.ts';
import { listFiles } from './project-files.ts';

/*
 * Our help is in our own words. The list holds hashes of every sentence in the help of the Java tool, 3.4.9 and 3.5.0-beta03; lists of
 * names and syntax lines do not count as sentences.
 */

const PROSE = /\.(ts|mjs|js|md|txt|json|jsonc|sh|yml)$/;

test('no sentence of the help of the Java tool is in the project', () => {
  const paths = [...listFiles(), ...listFiles('test/corpus')].filter((path) => PROSE.test(path));
  for (const room of ['src/cli/', 'docs/formats/', 'test/corpus/cli-transcripts/']) {
    expect(
      paths.some((path) => path.startsWith(room)),
      room,
    ).toBe(true);
  }
  const found = paths.flatMap((path) =>
    findForeign(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'), list).map(
      (text) => `${path}: ${text}`,
    ),
  );
  expect(found).toEqual([]);
});

test('the list is complete', () => {
  expect(list.length).toBe(58);
  for (const { words, opening, sentence } of list) {
    expect(words).toBeGreaterThanOrEqual(5);
    expect(opening).toMatch(/^[0-9a-f]{64}$/);
    expect(sentence === opening).toBe(words === 5);
  }
});

const MADE_UP = ['The quick brown fox jumps over the lazy dog.', 'Red paint is sold out.'].map(hashSentence);

test.each([
  ['plain', 'First this. The quick brown fox jumps over the lazy dog. Then that.'],
  ['over lines of Markdown', '- the quick **brown** fox\n  jumps over the lazy dog'],
  ['in a comment', '/**\n * So: the quick brown fox jumps\n * over the lazy dog.\n */'],
  ['in comments of a line', '  // The quick brown fox jumps over\n  // the lazy dog.'],
  ['in a string of parts', "const text =\n  'The quick brown fox jumps ' +\n  'over the lazy dog.';"],
  ['with escapes', "'The quick brown fox jumps over\\nthe lazy dog.\\n'"],
])('a made-up sentence is found: %s', (_, text) => {
  expect(findForeign(text, MADE_UP)).toEqual(['the quick brown fox jumps over the lazy dog']);
});

test('both of two sentences are found', () => {
  const text = 'Red paint is sold out. The quick brown fox jumps over the lazy dog. Red paint is sold out.';
  expect(findForeign(text, MADE_UP).length).toBe(3);
});

test.each([
  ['other words', 'The quick brown fox jumps over the old dog.'],
  ['its beginning', 'The quick brown fox jumps.'],
  ['another order', 'Out is sold red paint.'],
  ['nothing', ''],
])('something that is not in the list is not found: %s', (_, text) => {
  expect(findForeign(text, MADE_UP)).toEqual([]);
});
