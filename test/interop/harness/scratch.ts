import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const made: string[] = [];
process.once('exit', removeScratch);

/** Removes every directory made here, unless GRAPHKEEP_KEEP_SCRATCH is set. */
export function removeScratch(): void {
  if (process.env.GRAPHKEEP_KEEP_SCRATCH) return;
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** A fresh directory, removed at the end of the test file or the process. */
export function makeScratch(name: string): string {
  const root = process.env.GRAPHKEEP_SCRATCH ?? path.join(tmpdir(), 'graphkeep-interop');
  mkdirSync(root, { recursive: true });
  const directory = mkdtempSync(path.join(root, `${name}-`));
  made.push(directory);
  return directory;
}
