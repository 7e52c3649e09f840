import { expect, it } from 'vitest';
import { maskUsageProse } from './usage-structure.ts';

const USAGE = [
  'Missing argument.',
  '',
  'usage: neo4j-admin paint --colour=<red>',
  '                         [--coats=<n>]',
  '',
  'environment variables:',
  '    BRUSH    The brush.',
  '             Any size.',
  '',
  'Paints a wall.',
  '',
  'Twice if need be.',
  '',
  'options:',
  '  --colour=<red>   The colour of the',
  '                   wall.',
  '  --coats=<n>      How often. [default:1]',
  '',
];

/** The mask of the example with some lines replaced by others. */
const mask = (at = 0, count = 0, ...lines: string[]) => maskUsageProse(USAGE.toSpliced(at, count, ...lines).join('\n'));

it('only descriptions are removed from a usage text', () => {
  expect(mask().split('\n')).toEqual([
    'Missing argument.',
    '',
    'usage: neo4j-admin paint --colour=<red>',
    '                         [--coats=<n>]',
    '',
    'environment variables:',
    '    BRUSH    <text>',
    '',
    '<text>',
    '',
    'options:',
    '  --colour=<red>   <text>',
    '  --coats=<n>      <text> [default:1]',
    '',
  ]);
  expect(maskUsageProse(mask())).toBe(mask());
});

it('other words leave the structure the same', () => {
  expect(mask(9, 3, 'Whitens a wall.')).toBe(mask());
  expect(mask(14, 2, '  --colour=<red>   Any.')).toBe(mask());
});

it.each<[string, number, number, ...string[]]>([
  ['the first line', 0, 1, 'Missing value.'],
  ['the syntax', 2, 1, 'usage: neo4j-admin paint [--colour=<red>]'],
  ['a default', 16, 1, '  --coats=<n>      How often. [default:2]'],
  ['no default', 16, 1, '  --coats=<n>      How often.'],
  ['the name of an option', 16, 1, '  --layers=<n>     How often. [default:1]'],
  ['the name of a variable', 6, 1, '    ROLLER   The brush.'],
  ['a column', 14, 1, '  --colour=<red>    The colour of the'],
  ['the column of a second line', 15, 1, '                 wall.'],
  ['a line that is too long', 15, 1, `                   ${'w'.repeat(62)}`],
  ['no description', 9, 4],
  ['no options', 13, 4],
])('%s changes the structure', (_, at, count, ...lines) => {
  expect(mask(at, count, ...lines)).not.toBe(mask());
});

it('sections and commands of the general usage stay', () => {
  const general =
    'usage: neo4j-admin <command>\n\navailable commands:\n\nGeneral\n    paint\n        Paints.\n\nRead on.\n';
  expect(maskUsageProse(general)).toBe(general.replace('Paints.', '<text>').replace('Read on.', '<text>'));
});

it('a text without usage stays', () => {
  const text = 'options:\n  --a   b\n\nusage of the disk\n';
  expect(maskUsageProse(text)).toBe(text);
});
