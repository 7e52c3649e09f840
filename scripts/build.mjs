// Bundles the command line front ends into dist/, so that `bin/*` start fast and need no TypeScript at run time.
// Runs as npm's `prepare`, hence also at the end of `npm ci`. Another output directory may be given.
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const entryFolder = join(root, 'src', 'cli', 'entry');
const outdir = resolve(process.argv[2] ?? join(root, 'dist'));

rmSync(outdir, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: [
    ...readdirSync(entryFolder)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => ({ in: join(entryFolder, name), out: name.replace(/\.ts$/, '') })),
    // Threads of the consistency check are started from a file of their own.
    { in: join(root, 'src/check/workers/check-worker.ts'), out: 'check-worker' },
  ],
  outdir,
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  logLevel: 'warning',
});
