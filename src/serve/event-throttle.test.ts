import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ListenerEvent } from './conversation/listener-events.ts';
import { EventThrottle } from './event-throttle.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const refused: ListenerEvent = { kind: 'refused', peer: '127.0.0.1:1', error: new Error('no') };

it('a client that connects again and again does not fill the log', () => {
  const told: ListenerEvent[] = [];
  const throttle = new EventThrottle((event) => told.push(event), { most: 3, windowMs: 1000 });
  for (let i = 0; i < 10; i++) throttle.take(refused);
  expect(told).toEqual([refused, refused, refused]);
  vi.advanceTimersByTime(1000);
  expect(told.slice(3)).toEqual([{ kind: 'left-out', count: 7 }]);
  throttle.take(refused);
  expect(told).toHaveLength(5);
  throttle.endWindow();
  vi.advanceTimersByTime(5000);
  expect(told).toHaveLength(5);
});
