// Bundles the command line front ends, the API and the worker threads into dist/: `bin/*` start fast and need no TypeScript at run
// time. Runs as npm's `prepare`, so also at the end of `npm ci`, and before the tests. Another output directory may be given.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const entryFolder = join(root, 'src', 'cli', 'entry');
const outdir = resolve(process.argv[2] ?? join(root, 'dist'));

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: [
    ...readdirSync(entryFolder)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => ({ in: join(entryFolder, name), out: name.replace(/\.ts$/, '') })),
    { in: join(root, 'src/api/index.ts'), out: 'index' },
    // Threads are started from files of their own: those of the consistency check, and those that seal objects of repositories.
    { in: join(root, 'src/check/workers/check-worker.ts'), out: 'check-worker' },
    { in: join(root, 'src/repository/seal/pool/seal-worker.ts'), out: 'seal-worker' },
    { in: join(root, 'src/repository/seal/unseal-pool/unseal-worker.ts'), out: 'unseal-worker' },
  ],
  outdir,
  write: false,
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
});

// A program may be running from here: a file that stays the same is not touched, a new one appears complete, old ones go last.
mkdirSync(outdir, { recursive: true });
for (const { path, contents } of outputFiles) {
  if (holds(path, contents)) continue;
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, contents);
  renameSync(partial, path);
}
const made = new Set(outputFiles.map(({ path }) => basename(path)));
for (const name of readdirSync(outdir)) {
  if (/\.js(\.map)?$/.test(name) && !made.has(name)) rmSync(join(outdir, name));
}

function holds(path, contents) {
  try {
    return readFileSync(path).equals(contents);
  } catch {
    // Missing or unreadable: it is written again.
    return false;
  }
}
