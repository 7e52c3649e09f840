import { expect, it } from 'vitest';
import { PhaseLines } from './phase-lines.ts';
import { PhaseMeter } from './phase-meter.ts';
import type { Progress } from './progress.ts';

function tell(steps: readonly [number, Progress][], end: number): string[] {
  const written: string[] = [];
  const lines = new PhaseLines((line) => written.push(line));
  let now = 0;
  const meter = new PhaseMeter(() => now);
  for (const [at, progress] of steps) {
    now = at;
    lines.show(meter.measure(progress), now);
  }
  lines.end(end);
  return written;
}

it('each phase has a line when it has ended', () => {
  expect(
    tell(
      [
        [0, { phase: 'copying files', files: 0, bytes: 0 }],
        [900, { phase: 'copying files', files: 3, bytes: 2048 }],
        [1000, { phase: 'updating indexes', indexes: 0 }],
        [1100, { phase: 'checking', part: 'nodes', bytes: 10 }],
        [1200, { phase: 'checking', part: 'counts', bytes: 1024 }],
      ],
      2100,
    ),
  ).toEqual(['copying files: 3 files, 2.00 kB in 1.0 s (2.00 kB/s)', 'checking: 1.00 kB in 1.0 s (1.00 kB/s)']);
});

it('a long phase is reported after ten seconds, then once a minute', () => {
  const steps: [number, Progress][] = [];
  for (let at = 0; at <= 140_000; at += 1000) steps.push([at, { phase: 'copying', bytes: at, totalBytes: 140_000 }]);
  expect(tell(steps, 140_000)).toEqual([
    'copying: 7 %, 9.77 kB of 136.72 kB, 1000 B/s, 3 min left',
    'copying: 50 %, 68.36 kB of 136.72 kB, 1000 B/s, 2 min left',
    'copying: 92 %, 126.95 kB of 136.72 kB, 1000 B/s, 10 s left',
    'copying: 136.72 kB in 2 min 20 s (1000 B/s)',
  ]);
});
