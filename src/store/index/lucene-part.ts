import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, isMissing } from '../../base/file-errors.ts';
import { openRegularFileAsync } from '../../base/regular-files.ts';
import type { IndexState } from './index-header.ts';

const SEGMENTS = /^segments_([0-9a-z]+)$/;
/** Name of a segment, then what the file holds of it. */
const SEGMENT_FILE = /^(_[0-9a-z]+)[._]/;
/** Commit user data of an online index: `status` = `online`, each preceded by its length. */
const ONLINE = Buffer.from('\x06status\x06online', 'latin1');

/**
 * State of the Lucene part in `directory` (spec trees-and-indexes 13): failed if `failure-message` says so; online if the newest commit of
 * partition 1 says so; else populating, even if nothing exists.
 */
export async function readLuceneState(directory: string): Promise<{ state: IndexState; failure?: string }> {
  const failure = (await readIfThere(join(directory, 'failure-message')))?.toString('utf8').replace(/\0+$/, '');
  if (failure) return { state: 'failed', failure };
  const partition = join(directory, '1');
  const newest = newestCommit(await listIfThere(partition));
  if (newest === undefined) return { state: 'populating' };
  const commit = await readIfThere(join(partition, newest));
  return { state: commit?.includes(ONLINE) ? 'online' : 'populating' };
}

/** Commit generations are numbers in base 36. */
function newestCommit(names: readonly string[]): string | undefined {
  const generation = (name: string) => Number.parseInt(SEGMENTS.exec(name)![1]!, 36);
  return names.filter((name) => SEGMENTS.test(name)).sort((a, b) => generation(b) - generation(a))[0];
}

/**
 * What a copy of a Lucene folder consists of: the newest commit and the files of its segments, which stay as long as it is the newest,
 * sorted by name. Files of later segments, which no commit names yet, are left out. Empty if there is no commit.
 */
export async function listCommit(directory: string): Promise<string[]> {
  const names = await listIfThere(directory);
  const commit = newestCommit(names);
  const content = commit === undefined ? undefined : await readIfThere(join(directory, commit));
  if (commit === undefined || content === undefined) return [];
  return [commit, ...names.filter((name) => belongsToCommit(name, content))].sort();
}

/** In a commit, each text follows its length. */
function belongsToCommit(name: string, commit: Buffer): boolean {
  const segment = SEGMENT_FILE.exec(name)?.[1];
  return segment !== undefined && commit.includes(Buffer.from(String.fromCharCode(segment.length) + segment, 'latin1'));
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    const file = await openRegularFileAsync(path);
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileError(error, 'read the file', path);
  }
}

async function listIfThere(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileError(error, 'read the directory', path);
  }
}
