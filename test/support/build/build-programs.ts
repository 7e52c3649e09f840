import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const script = fileURLToPath(new URL('../../../scripts/build.mjs', import.meta.url));

function build(): void {
  execFileSync(process.execPath, [script], { stdio: 'inherit' });
}

/**
 * Global setup of the tests: updates `dist/` from the sources, because check threads run the built file. It always builds, which takes a
 * third of a second, so that no comparison of times can leave an old build in place.
 */
export default function buildPrograms(project: TestProject): void {
  build();
  project.onTestsRerun(build);
}
