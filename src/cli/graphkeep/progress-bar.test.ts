import { expect, it } from 'vitest';
import { drawPart, ProgressBar } from './progress-bar.ts';

it('draws the part that is done', () => {
  const bar = (done: number, total: number) => drawPart({ phase: 'writing', done, total });
  expect(bar(0, 40)).toBe(`writing [${'-'.repeat(30)}] 0 of 40`);
  expect(bar(20, 40)).toBe(`writing [${'#'.repeat(15)}${'-'.repeat(15)}] 20 of 40`);
  expect(bar(39, 40)).toContain('#-]');
  // More than was asked for, or nothing at all.
  expect(bar(50, 40)).toBe(`writing [${'#'.repeat(30)}] 50 of 40`);
  expect(bar(0, 0)).toBe(`writing [${'#'.repeat(30)}] 0 of 0`);
});

it('fits into the terminal and is gone before a line of text', () => {
  const written: string[] = [];
  let now = 0;
  const bar = new ProgressBar(
    (text) => written.push(text),
    () => 10,
    () => now,
  );
  bar.show('writing some more');
  bar.show('too early');
  now = 100;
  bar.show('later');
  bar.clear();
  bar.clear();
  expect(written).toEqual(['\rwriting s\x1b[K', '\rlater\x1b[K', '\r\x1b[K']);
});
