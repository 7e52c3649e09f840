import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphkeepError } from '../../base/errors.ts';
import { expandVariables } from './variables.ts';

const place = { file: 'graphkeep.yaml', line: 3, column: 7 };
const env = { HOST: 'db', EMPTY: '', _a1: 'x', NESTED: `${'$'}{HOST}` };
const expand = (text: string) => expandVariables(text, env, place);
/** `$NAME` and so on, without the appearance of a template. */
const ref = (name: string) => `${'$'}{${name}}`;

function errorOf(text: string): unknown {
  try {
    return expand(text);
  } catch (error) {
    return error;
  }
}

describe('variables in a text', () => {
  it.each([
    [ref('HOST'), 'db'],
    [`${ref('HOST')}:${ref('_a1')}`, 'db:x'],
    [`a${ref('EMPTY')}b`, 'ab'],
    ['$HOST', '$HOST'],
    ['{HOST} $ {', '{HOST} $ {'],
    [`$${ref('HOST')}`, ref('HOST')],
    [`$$${ref('HOST')}`, `$${ref('HOST')}`],
    [`$${ref('no name')}`, ref('no name')],
    ['$$', '$$'],
  ])('%s becomes %s', (text, expanded) => {
    expect(expand(text)).toBe(expanded);
  });

  it('variables are replaced once: what they hold is not looked at again', () => {
    expect(expand(ref('NESTED'))).toBe(ref('HOST'));
  });

  it('a variable that is not set is an error with its place', () => {
    expect(errorOf(`x${ref('MISSING')}`)).toMatchObject({
      code: 'config',
      message: 'the variable MISSING is not set',
      place,
    });
  });

  it.each([ref(''), ref('a-b'), ref('HOST:-x'), ref('1'), `${'$'}{HOST`])('%s is no variable', (text) => {
    expect(errorOf(text)).toMatchObject({ code: 'config', message: '${ does not begin the name of a variable', place });
  });

  it('a text with every dollar before a brace doubled stays what it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'a', ' ') }), (text) => {
        expect(expand(text.replaceAll('${', () => '$${'))).toBe(text);
      }),
    );
  });

  it('any text is expanded or refused with its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'HOST', 'a', '-', '\n') }), (text) => {
        const result = errorOf(text);
        if (result instanceof GraphkeepError) expect(result.place).toBe(place);
        else expect(result).toBeTypeOf('string');
      }),
    );
  });
});
