import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/interop/harness/longest-first.ts';
import { fastTemporaryDirectory } from './test/support/build/fast-temporary-directory.ts';
import { campaign } from './test/support/random/campaign-size.ts';
import { COSTLY_FILES, drawnFiles } from './test/support/random/drawn-files.ts';

const buildPrograms = 'test/support/build/build-programs.ts';

const findTests = (folder: string): string[] =>
  readdirSync(join(import.meta.dirname, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name));

const besideCode = ['src', 'test/support', 'test/tidy', 'test/cli'].flatMap(findTests);
const unitTests = [
  ...besideCode.filter((name) => !COSTLY_FILES.includes(name)),
  ...drawnFiles([...findTests('test/guarantees'), ...COSTLY_FILES]),
];
/** Tests that replace modules, or that record every call of the file system: what other tests have loaded would be in their way. */
const NEEDS_OWN_PROCESS = /^vi\.mock\(|RecordedWorld\.make\(/m;
const aloneTests = unitTests.filter((name) =>
  NEEDS_OWN_PROCESS.test(readFileSync(join(import.meta.dirname, name), 'utf8')),
);

const unit = {
  globalSetup: [buildPrograms],
  setupFiles: ['test/support/random/seed-fast-check.ts'],
  env: { TMPDIR: process.env.TMPDIR || fastTemporaryDirectory() },
  // They end what stands still, and ask no speed of the machine: no test has a limit of its own.
  expect: { poll: { timeout: 120_000 } },
  testTimeout: campaign.size(3_600_000, 300_000),
  hookTimeout: campaign.size(3_600_000, 300_000),
  // By default one core is left to the runner, which has little to do.
  maxWorkers: '100%',
};

/** Three suites: fast (every commit), interop (real servers, needs Java), faults (long campaigns). */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      // Each process runs many files, so that it loads the sources only once.
      { test: { ...unit, name: 'unit', include: unitTests, exclude: aloneTests, isolate: false } },
      { test: { ...unit, name: 'unit-alone', include: aloneTests } },
      {
        test: {
          name: 'interop',
          setupFiles: ['test/support/random/seed-fast-check.ts'],
          include: ['test/interop/**/*.test.ts'],
          // Only by `npm run test:hot`; test/interop/live-files.test.ts and modern-backup.test.ts are their short forms.
          exclude:
            process.env.GRAPHKEEP_CAMPAIGN === 'long'
              ? []
              : ['test/interop/hot/{live-copies,modern-{releases,copies}}.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 900_000,
          globalSetup: [buildPrograms, 'test/interop/harness/prepare-releases.ts'],
          env: { GRAPHKEEP_SHARED_CLASSES: 'true' },
          // A server starts on one core, and a cluster waits for its elections.
          maxWorkers: 2,
          // A fault of the server that ends the test of something else, see test/support/servers/thread-dump.ts.
          retry: { count: 2, condition: /has locked itself up/ },
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
