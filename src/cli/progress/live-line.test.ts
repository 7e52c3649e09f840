import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveLine } from './live-line.ts';

let written: string[];
let line: LiveLine;
beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  line = new LiveLine(
    (text) => written.push(text),
    () => Date.now(),
  );
});
afterEach(() => {
  vi.useRealTimers();
});

it('a live line is drawn only when it is time, and is cleared before a line of text', () => {
  line.show(() => 'first');
  line.show(() => expect.fail('too early'));
  vi.setSystemTime(Date.now() + 100);
  line.show(() => 'later');
  line.clear();
  line.clear();
  expect(written).toEqual(['\rfirst\x1b[K', '\rlater\x1b[K', '\r\x1b[K']);
});

it('a live line ends with the last call, even if it came too early', () => {
  line.show(() => 'first');
  line.show(() => expect.fail('another one follows'));
  line.show(() => 'last');
  vi.advanceTimersByTime(99);
  expect(written).toHaveLength(1);
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['\rfirst\x1b[K', '\rlast\x1b[K']);
});

it('a live line that was cleared is not drawn again', () => {
  line.show(() => 'first');
  line.show(() => expect.fail('it is over'));
  line.clear();
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['\rfirst\x1b[K', '\r\x1b[K']);
});
