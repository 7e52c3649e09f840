import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** The code of a build by file name. */
function codeIn(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

it('the build that tests run matches the current sources', () => {
  const folder = mkdtempSync(join(tmpdir(), 'graphkeep-build-'));
  try {
    execFileSync(process.execPath, [join(repository, 'scripts', 'build.mjs'), folder]);
    const built = codeIn(join(repository, 'dist'));
    expect(built['check-worker.js']).toBeDefined();
    expect(built).toEqual(codeIn(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
