import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/interop/harness/longest-first.ts';

const buildPrograms = 'test/support/build/build-programs.ts';

/** Three suites: fast (every commit), interop (real servers, needs Java), faults (long campaigns). */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup: [buildPrograms],
          setupFiles: ['test/support/random/seed-fast-check.ts'],
          include: [
            'src/**/*.test.ts',
            'test/guarantees/**/*.test.ts',
            'test/tidy/**/*.test.ts',
            'test/cli/**/*.test.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // By default one core is left to the runner, which has little to do.
          maxWorkers: '100%',
        },
      },
      {
        test: {
          name: 'interop',
          setupFiles: ['test/support/random/seed-fast-check.ts'],
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          globalSetup: [buildPrograms, 'test/interop/harness/prepare-releases.ts'],
          env: { GRAPHKEEP_SHARED_CLASSES: 'true' },
          // A server starts on one core, and a cluster waits for its elections.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'packaging',
          globalSetup: ['test/packaging/pack-once.ts'],
          include: ['test/packaging/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'faults',
          globalSetup: [buildPrograms],
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 3_600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
