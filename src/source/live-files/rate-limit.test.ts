import { expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

const never = new AbortController().signal;

function limited(bytesPerSecond: number | undefined) {
  const slept: number[] = [];
  const clock = {
    time: 0,
    now: () => clock.time,
    sleep: async (ms: number) => {
      slept.push(ms);
      clock.time += ms;
    },
  };
  return { rate: new RateLimit(bytesPerSecond, clock), clock, slept };
}

it('each read waits for what was read before it', async () => {
  const { rate, clock, slept } = limited(1_000_000);
  await rate.take(20_000, never);
  expect(slept).toEqual([]);
  await rate.take(30_000, never);
  await rate.take(1, never);
  expect(slept).toEqual([20, 30]);
  clock.time += 1000;
  await rate.take(1, never);
  expect(slept).toEqual([20, 30]);
});

it('without a limit nobody waits', async () => {
  const { rate, slept } = limited(undefined);
  for (let i = 0; i < 3; i++) await rate.take(1 << 30, never);
  expect(slept).toEqual([]);
});

it('a wait ends with its signal', async () => {
  const rate = new RateLimit(1);
  await rate.take(1000, never);
  await expect(rate.take(1, AbortSignal.abort('SIGINT'))).rejects.toMatchObject({ code: 'cancelled' });
});
