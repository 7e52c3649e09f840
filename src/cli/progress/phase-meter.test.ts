import { expect, it } from 'vitest';
import { PhaseMeter } from './phase-meter.ts';

function meter() {
  const clock = { now: 5000 };
  return { clock, meter: new PhaseMeter(() => clock.now) };
}

it('a phase has a time left once a speed is known', () => {
  const { clock, meter: phases } = meter();
  const at = (ms: number, bytes: number) => {
    clock.now = 5000 + ms;
    return phases.measure({ phase: 'copying', bytes, totalBytes: 1000 });
  };
  expect(at(0, 0)).toEqual({ phase: 'copying', bytes: 0, totalBytes: 1000, elapsedMs: 0, percent: 0 });
  expect(at(999, 100)).toMatchObject({ percent: 10, elapsedMs: 999 });
  expect(at(999, 100)).not.toHaveProperty('leftMs');
  expect(at(1000, 100)).toMatchObject({ bytesPerSecond: 100, leftMs: 9000 });
  expect(at(2000, 400)).toMatchObject({ bytesPerSecond: 200, leftMs: 3000, percent: 40 });
  expect(at(3000, 1000)).toMatchObject({ percent: 100, leftMs: 0 });
});

it('a phase shows the speed of the last seconds, so that a stalled copy is visible', () => {
  const { clock, meter: phases } = meter();
  const at = (seconds: number, bytes: number) => {
    clock.now = 1000 * seconds;
    return phases.measure({ phase: 'copying', bytes });
  };
  for (let second = 5; second <= 30; second++) at(second, 1000 * second);
  for (let second = 31; second <= 45; second++) at(second, 30_000);
  expect(at(46, 30_000).bytesPerSecond).toBe(0);
});

it('a phase starts again with zero, and so does a file that is sent again', () => {
  const { clock, meter: phases } = meter();
  phases.measure({ phase: 'one', bytes: 10 });
  clock.now += 2000;
  expect(phases.measure({ phase: 'two', bytes: 500 })).toEqual({ phase: 'two', bytes: 500, elapsedMs: 0 });
  clock.now += 2000;
  expect(phases.measure({ phase: 'two', bytes: 500 }).bytesPerSecond).toBe(250);
  expect(phases.measure({ phase: 'two', bytes: -1 })).not.toHaveProperty('bytesPerSecond');
});

it('a phase marks the size of the last backup as a guess', () => {
  const { meter: phases } = meter();
  const guess = (bytes: number) => phases.measure({ phase: 'copying', bytes, totalBytes: 100, isEstimate: true });
  expect(guess(50).percent).toBe(50);
  expect(guess(100).percent).toBe(99);
  expect(guess(101)).not.toHaveProperty('percent');
});

it('a phase has a percentage of files and indexes, but no time left', () => {
  const { clock, meter: phases } = meter();
  phases.measure({ phase: 'p', files: 0, totalFiles: 4 });
  clock.now += 5000;
  expect(phases.measure({ phase: 'p', files: 1, totalFiles: 4 })).toEqual({
    phase: 'p',
    files: 1,
    totalFiles: 4,
    elapsedMs: 5000,
    percent: 25,
  });
  expect(phases.measure({ phase: 'q', indexes: 0, totalIndexes: 0 }).percent).toBe(100);
});
