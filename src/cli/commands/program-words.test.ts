import { describe, expect, it } from 'vitest';
import { nativeCommands } from '../command-table.ts';
import { GivenValues } from '../given-values.ts';
import { readProgram } from './program-words.ts';

const rows = nativeCommands.find(({ name }) => name === 'verify')!.options;
const read = (text?: string) =>
  readProgram(new GivenValues(rows, text === undefined ? {} : { 'identity-command': text }), 'identity-command');

describe('a program in an option', () => {
  it.each([
    ['pass', ['pass']],
    [' pass  show\tkey ', ['pass', 'show', 'key']],
    ['["pass", "show", "my key"]', ['pass', 'show', 'my key']],
    [' ["p", ""]', ['p', '']],
  ])('%j is a program with its arguments', (text, words) => {
    expect(read(text)).toEqual(words);
  });

  it('a program that was not named is none', () => {
    expect(read()).toBeUndefined();
  });

  it.each(['[', '[]', '[1]', '["a", null]', '[["a"]]'])('%s is no list of words', (text) => {
    expect(() => read(text)).toThrow(
      '--identity-command: a list of words is written as JSON, as in ["program", "an argument"]',
    );
  });
});
