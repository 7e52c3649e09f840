import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const script = fileURLToPath(new URL('../../../scripts/build.mjs', import.meta.url));

function build(): void {
  execFileSync(process.execPath, [script], { stdio: 'inherit' });
}

/**
 * Global set-up of the tests: brings `dist/` up to date with the sources, because the threads of a check run the built file. It always
 * builds, which takes a third of a second: no comparison of times can then leave an old build in place.
 */
export default function buildPrograms(project: TestProject): void {
  build();
  project.onTestsRerun(build);
}
