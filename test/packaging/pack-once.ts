import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** What `npm pack` has made. */
export interface PackedPackage {
  /** Absolute path of the archive. */
  readonly archive: string;
  /** Paths in it, from the root of the package. */
  readonly files: readonly string[];
}

declare module 'vitest' {
  interface ProvidedContext {
    packed: PackedPackage;
  }
}

/** Global set-up: packs the present sources once, with everything that npm runs for it. */
export default function packOnce(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'graphkeep-pack-'));
  const output = execFileSync('npm', ['pack', '--json', '--foreground-scripts=false', `--pack-destination=${folder}`], {
    cwd: repository,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // npm 11 gives a list, npm 12 an object by name.
  const [report] = Object.values(JSON.parse(output)) as { filename: string; files: { path: string }[] }[];
  const files = report!.files.map(({ path }) => path).sort();
  project.provide('packed', { archive: join(folder, report!.filename), files });
  return () => rmSync(folder, { recursive: true, force: true });
}
