import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Version } from './releases.ts';
import { makeScratch } from './scratch.ts';
import { type RunningServer, type ServerOptions, startServer } from './server.ts';

/** Restores a backup directory the plain way: a recursive copy without the lock file, then the real server on it. */
export async function openCopy(
  version: Version,
  backupDirectory: string,
  options: Omit<ServerOptions, 'version'> = {},
): Promise<RunningServer> {
  const home = options.home ?? makeScratch(`copy-${version}`);
  await copyStore(backupDirectory, path.join(home, 'data/databases/graph.db'));
  return startServer({ ...options, version, home });
}

/** Replaces `target` by a copy of a closed store. */
export async function copyStore(source: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await mkdir(path.dirname(target), { recursive: true });
  await cp(source, target, { recursive: true, filter: (file) => path.basename(file) !== 'store_lock' });
}
