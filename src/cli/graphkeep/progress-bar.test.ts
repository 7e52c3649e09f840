import { expect, it } from 'vitest';
import { drawBytes, drawPart, estimateLeftMs, ProgressBar } from './progress-bar.ts';

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

it.each([
  [{ phase: 'checking nodes', bytes: 0, totalBytes: 1024 }, 'checking nodes [------------------------------] 0 % of'],
  [
    { phase: 'x', bytes: 512, totalBytes: 1024, leftMs: 1500 },
    'x [###############---------------] 50 % of 1.00 kB, 2 s left',
  ],
  [{ phase: 'x', bytes: 1, totalBytes: 2, leftMs: 61_000 }, '2 min left'],
  [{ phase: 'x', bytes: 1, totalBytes: 2, leftMs: 5_400_000 }, '1 h 30 min left'],
  [{ phase: 'x', bytes: 0, totalBytes: 0 }, 'x [##############################] 100 % of'],
])('bytes of a whole are drawn with the time that is left: %j', (done, text) => {
  expect(drawBytes(done)).toContain(text);
});

it('the time left follows from what was done so far, once that says something', () => {
  expect(estimateLeftMs(999, 50, 100)).toBeUndefined();
  expect(estimateLeftMs(5000, 0, 100)).toBeUndefined();
  expect(estimateLeftMs(3000, 75, 100)).toBe(1000);
  expect(estimateLeftMs(3000, 100, 100)).toBe(0);
});
