import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePropertiesFile, parseProperties, toSettings } from './properties.ts';

const read = (text: string) => Object.fromEntries(toSettings(parseProperties(text)));

describe('parseProperties', () => {
  it.each([
    ['a=1', { a: '1' }],
    ['a = 1', { a: '1' }],
    ['a:1', { a: '1' }],
    ['a 1', { a: '1' }],
    ['a\t=\f1', { a: '1' }],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['=1', { '': '1' }],
    ['a==1', { a: '=1' }],
    ['a = b = c', { a: 'b = c' }],
    ['a=1  ', { a: '1  ' }],
    ['  a=1', { a: '1' }],
    ['# a=1\n! b=2\n  #c=3\n\n \t\nd=4', { d: '4' }],
    ['a=1\r\nb=2\rc=3', { a: '1', b: '2', c: '3' }],
    ['a=1\na=2', { a: '2' }],
    ['a=one\\\n   two', { a: 'onetwo' }],
    ['a=one\\\r\n   # not a comment', { a: 'one# not a comment' }],
    ['a=one\\\\\nb=2', { a: 'one\\', b: '2' }],
    ['a=one\\\\\\\ntwo', { a: 'one\\two' }],
    ['a=one\\', { a: 'one' }],
    ['a=one\\\n\nb=2', { a: 'one', b: '2' }],
    ['# comment\\\na=1', { a: '1' }],
    ['a\\ b=1', { 'a b': '1' }],
    ['a\\=b\\:c=1', { 'a=b:c': '1' }],
    ['a=\\t\\n\\r\\f\\x\\u0041\\\\', { a: '\t\n\r\fxA\\' }],
    ['a=C:\\\\data\\\\neo4j', { a: 'C:\\data\\neo4j' }],
    ['dir=/var/lib/Graph DBs/ü', { dir: '/var/lib/Graph DBs/ü' }],
  ])('parseProperties reads %j', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('parseProperties knows the line of each assignment', () => {
    expect(parseProperties('#\na=1\\\n2\nb=3')).toEqual([
      { key: 'a', value: '12', line: 2 },
      { key: 'b', value: '3', line: 4 },
    ]);
  });

  it('parseProperties refuses half an escape', () => {
    expect(() => parseProperties('a=\\u12zz', 'x.conf')).toThrow('Malformed \\uxxxx encoding.');
  });

  it('parseProperties reads back whatever is escaped by its rules', () => {
    const escapeAll = (text: string) => [...text].map((c) => (/[a-zA-Z0-9]/.test(c) ? c : toEscapes(c))).join('');
    const toEscapes = (c: string) =>
      [...Array(c.length).keys()].map((at) => `\\u${c.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme' })), (settings) => {
        const file = Object.entries(settings).map(([key, value]) => `${escapeAll(key)}=${escapeAll(value)}`);
        expect(read(file.join('\n'))).toEqual({ ...settings });
      }),
    );
  });
});

describe('decodePropertiesFile', () => {
  it('decodePropertiesFile reads UTF-8, and Latin-1 where it is not UTF-8', () => {
    expect(decodePropertiesFile(Buffer.from('a=ü', 'utf8'))).toBe('a=ü');
    expect(decodePropertiesFile(Buffer.from('a=ü', 'latin1'))).toBe('a=ü');
  });
});
