import { expect, test } from 'vitest';
import { printableText } from './printable-text.ts';

test('text of strangers is shown without its control characters', () => {
  expect(printableText('Grüße, 世界')).toBe('Grüße, 世界');
  expect(printableText('a\0b\r\n\x1b[2J')).toBe('a\\x00b\\x0d\\x0a\\x1b[2J');
  expect(printableText('\u202eevil \ud800')).toBe('\\u202eevil \\ud800');
  expect(printableText('x'.repeat(400), 10)).toBe('xxxxxxxxxx...');
});
