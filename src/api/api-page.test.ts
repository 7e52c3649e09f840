import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { apiPagePath, examplesOn, withExamples } from '../../test/support/build/api-page.ts';

const page = readFileSync(apiPagePath, 'utf8');

test('docs/api.md shows the examples as they are (npm run docs)', () => {
  expect(page).toBe(withExamples(page));
});

test('docs/api.md shows every example', () => {
  const files = readdirSync(fileURLToPath(new URL('../../docs/examples', import.meta.url)));
  expect(
    examplesOn(page)
      .map((name) => `${name}.ts`)
      .sort(),
  ).toEqual(files.sort());
});
