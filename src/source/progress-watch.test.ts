import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ProgressWatch } from './progress-watch.ts';

const MINUTE_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function watch(silenceMs: number) {
  const onSilence = vi.fn();
  const onSlow = vi.fn();
  const progress = new ProgressWatch({ silenceMs }, onSilence, onSlow);
  progress.start();
  const send = (bytes: number, everyMs: number, forMs: number) => {
    for (let ms = 0; ms < forMs; ms += everyMs) {
      vi.advanceTimersByTime(everyMs);
      progress.note(bytes);
    }
  };
  return { progress, onSilence, onSlow, send };
}

it('a byte now and then does not occupy us for ever', () => {
  const { onSilence, onSlow, send } = watch(20 * MINUTE_MS);
  send(1, 100, 11 * MINUTE_MS);
  expect(onSlow).toHaveBeenCalledTimes(1);
  expect(onSlow.mock.calls[0]![0]).toMatch(/^\d+ bytes in \d+ s$/);
  expect(onSilence).not.toHaveBeenCalled();
});

it('a slow line that keeps sending is fine, and so is a long check point before a small answer', () => {
  const { onSilence, onSlow, send } = watch(20 * MINUTE_MS);
  send(2048, 1000, 60 * MINUTE_MS);
  for (let check = 0; check < 5; check++) {
    send(1, 1000, 5000);
    vi.advanceTimersByTime(19 * MINUTE_MS);
    send(100, 1000, 2000);
  }
  expect(onSlow).not.toHaveBeenCalled();
  expect(onSilence).not.toHaveBeenCalled();
});

it('silence is reported as before, and our own delays do not count', () => {
  const { progress, onSilence, onSlow, send } = watch(MINUTE_MS);
  send(5000, 1000, 10_000);
  progress.pause();
  vi.advanceTimersByTime(30 * MINUTE_MS);
  progress.resume();
  expect(onSilence).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2 * MINUTE_MS + 1);
  expect(onSilence).toHaveBeenCalledTimes(1);
  progress.stop();
  expect(onSlow).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

it('without a limit nothing is watched', () => {
  const { onSilence, onSlow, send } = watch(0);
  send(1, 1000, 60 * MINUTE_MS);
  expect(onSlow).not.toHaveBeenCalled();
  expect(onSilence).not.toHaveBeenCalled();
});
