import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../test/support/random/any-text.ts';
import {
  hasUnprintable,
  printableJson,
  printableLine,
  printableLines,
  printableMessage,
  printableText,
} from './printable-text.ts';

/** Any text, with more harmful characters than chance would give. */
const hostileText = fc
  .array(
    fc.oneof(
      anyText(100),
      fc.constantFrom('\x1b[2J', '\n', '\r', '\x7f', '\x9b', '\u202e', '\u2028', '\ud800', '\u{e0041}'),
    ),
  )
  .map((parts) => parts.join(''));

describe('text of strangers', () => {
  it('untrusted text is shown without its control characters', () => {
    expect(printableText('Grüße, 世界 🎉')).toBe('Grüße, 世界 🎉');
    expect(printableText('a\0b\r\n\x1b[2J\x7f\x9b')).toBe('a\\x00b\\x0d\\x0a\\x1b[2J\\x7f\\x9b');
    expect(printableText('\u202eevil \ud800\u2028\u{e0041}')).toBe('\\u202eevil \\ud800\\u2028\\u{e0041}');
  });

  it('untrusted text is cut in its middle', () => {
    expect(printableText('/a/long/path/to/a/file', 12)).toBe('/a/lon...ile');
    expect(printableText('x'.repeat(1 << 20))).toHaveLength(200);
    expect(printableLine(`/${'x'.repeat(4000)}`)).toHaveLength(4001);
  });

  it.each([
    ['a value', printableText, 200],
    ['a message', printableMessage, 1200],
    ['a line', printableLine, 8192],
  ])('untrusted text as %s is one short line', (_, print, maxLength) => {
    fc.assert(
      fc.property(hostileText, fc.nat(1000), (text, times) => {
        const shown = print(text.repeat(times));
        expect(hasUnprintable(shown)).toBe(false);
        expect(shown.length).toBeLessThanOrEqual(maxLength);
        if (print !== printableMessage) expect(print(shown)).toBe(shown);
      }),
    );
  });

  it('untrusted text keeps our lines apart', () => {
    expect(printableLines('a\n\tb\x1b[2J\r\n')).toBe('a\n\tb\\x1b[2J\\x0d\n');
    expect(printableLines(`a\n${'x'.repeat(9000)}\nb`)).toMatch(/^a\nx+\.\.\.x+\nb$/);
    fc.assert(fc.property(hostileText, (text) => !hasUnprintable(printableLines(text).replaceAll(/[\n\t]/g, ''))));
  });

  it('untrusted text in JSON is read back as it was', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const json = printableJson({ [text]: [text] });
        expect(hasUnprintable(json)).toBe(false);
        expect(JSON.parse(json)).toEqual({ [text]: [text] });
      }),
    );
    expect(printableJson({ id: 5n, none: undefined, text: '\x9b' })).toBe('{"id":"5","text":"\\u009b"}');
    expect(printableJson('x'.repeat(1 << 20)).length).toBeLessThan(8200);
  });
});

it('a message has no long word', () => {
  const message = printableMessage(`the file ${'x'.repeat(5000)} is not there`);
  expect(message).toMatch(/^the file x+\.\.\.x+ is not there$/);
  expect(message.length).toBeLessThan(240);
});
