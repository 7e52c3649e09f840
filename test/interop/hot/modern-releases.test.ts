import { expect, it, onTestFinished } from 'vitest';
import { keepReleaseResult } from '../../support/modern/release-results.ts';
import { describeInterop } from '../harness/index.ts';
import { ReleaseTrial, selectRunnable } from '../harness/modern/index.ts';
import { removeScratch } from '../harness/scratch.ts';

/** The last release of every line that is served. GRAPHKEEP_RELEASES, a list with commas, names others. */
const LINES = [
  ...['4.2.19', '4.3.24', '4.4.48'],
  ...['5.1.0', '5.2.0', '5.3.0', '5.4.0', '5.5.0', '5.6.0', '5.7.0', '5.8.0', '5.9.0', '5.10.0', '5.11.0', '5.12.0'],
  ...['5.13.0', '5.14.0', '5.15.0', '5.16.0', '5.17.0', '5.18.1', '5.19.0', '5.20.0', '5.21.2', '5.22.0', '5.23.0'],
  ...['5.24.2', '5.25.1', '5.26.30'],
  ...['2025.01.0', '2025.02.0', '2025.03.0', '2025.04.0', '2025.05.1', '2025.06.2', '2025.07.1', '2025.08.0'],
  ...['2025.09.0', '2025.10.1', '2025.11.2', '2025.12.1'],
  ...['2026.01.4', '2026.02.3', '2026.03.1', '2026.04.0', '2026.05.0', '2026.07.1', '2026.08.1'],
];

describeInterop('releases of servers', () => {
  it.each(selectRunnable(process.env.GRAPHKEEP_RELEASES?.split(',') ?? LINES))(
    'backups of %s under load come back as of any moment, and its own tools have no objections',
    async (release) => {
      onTestFinished(removeScratch);
      const began = performance.now();
      const result = await new ReleaseTrial(release).run();
      keepReleaseResult(result);
      console.log(`${JSON.stringify(result)}, ${Math.round((performance.now() - began) / 1000)} s`);
      expect(result.failed).toBeUndefined();
    },
    900_000,
  );
});
