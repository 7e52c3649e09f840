import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { referencePage } from './reference-page.ts';

it('docs/reference.md is current (npm run docs)', () => {
  expect(readFileSync(new URL('../../docs/reference.md', import.meta.url), 'utf8')).toBe(referencePage());
});

it('every row of every table has as many cells as its head', () => {
  const cells = (line: string) => line.replaceAll('\\|', '').split('|').length;
  const blocks = referencePage()
    .trimEnd()
    .split('\n\n')
    .filter((block) => block.startsWith('|'));
  expect(blocks.length).toBeGreaterThan(10);
  for (const block of blocks) {
    const [head, ...rows] = block.split('\n');
    for (const row of rows) expect(cells(row), row).toBe(cells(head!));
  }
});
