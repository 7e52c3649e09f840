import { expect, it } from 'vitest';
import { LiveLine } from './live-line.ts';

it('a live line is drawn only when it is time, and is cleared before a line of text', () => {
  const written: string[] = [];
  let now = 0;
  const line = new LiveLine(
    (text) => written.push(text),
    () => now,
  );
  line.show(() => 'first');
  line.show(() => expect.fail('too early'));
  now = 100;
  line.show(() => 'later');
  line.clear();
  line.clear();
  expect(written).toEqual(['\rfirst\x1b[K', '\rlater\x1b[K', '\r\x1b[K']);
});
