import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { GraphkeepError } from '../base/errors.ts';
import { fileError } from '../base/file-errors.ts';
import { describeIrregular } from '../base/regular-files.ts';

export const LOG_FILE_PREFIX = 'neostore.transaction.db.';

/** The header has 7 bytes for the version, but it must be exact as a number. */
const MAX_LOG_VERSION = Number.MAX_SAFE_INTEGER;

export interface LogFile {
  version: number;
  path: string;
  sizeBytes: number;
}

/** The log files in a directory, lowest version first. */
export interface LogFileListing {
  directory: string;
  files: LogFile[];
  lowest: number | undefined;
  highest: number | undefined;
}

export function logFileName(version: number): string {
  return `${LOG_FILE_PREFIX}${version}`;
}

/**
 * Version in the name of a log file; undefined if the name has another prefix. Every name with the prefix must end in a plain number, since
 * the server does not start otherwise (spec transaction-logs 1); anything else is an error.
 */
export function parseLogFileName(name: string, directory = ''): number | undefined {
  if (!name.startsWith(LOG_FILE_PREFIX)) return undefined;
  const digits = name.slice(LOG_FILE_PREFIX.length);
  const version = Number(digits);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(digits) || version > MAX_LOG_VERSION) {
    throw new GraphkeepError('log.corrupt', 'a file has the name of a transaction log, but no version number', {
      place: { file: join(directory, name) },
      observed: digits,
      hint: 'A server does not start with this file. Move it out of the directory.',
    });
  }
  return version;
}

/** Files come and go while a live directory is read: a listing is repeated this often before a gap in it counts. */
const LISTING_ATTEMPTS = 3;

/** Lists the log files of `directory`. Their versions must be contiguous; a gap is `log.gap`. */
export function listLogFiles(directory: string): LogFileListing {
  const files = listContiguous(directory, () => withSizes(readVersions(directory), directory));
  return { directory, files, lowest: files[0]?.version, highest: files.at(-1)?.version };
}

/**
 * The versions of the log files of `directory`, lowest first. Looks at names only: a log of thousands of files can be looked at often.
 * @throws GraphkeepError `log.gap`, `log.corrupt`, `file.io`
 */
export function listLogVersions(directory: string): number[] {
  const named = () => readVersions(directory).map((version) => ({ version }));
  return listContiguous(directory, named).map(({ version }) => version);
}

function listContiguous<F extends { version: number }>(directory: string, list: () => F[]): F[] {
  for (let attempt = 1; ; attempt++) {
    const files = list();
    const missing = files.find((file, index) => file.version !== files[0]!.version + index);
    if (missing === undefined) return files;
    if (attempt === LISTING_ATTEMPTS) throw holeIn(files, directory);
  }
}

function readVersions(directory: string): number[] {
  return readNames(directory)
    .map((name) => parseLogFileName(name, directory))
    .filter((version) => version !== undefined)
    .sort((a, b) => a - b);
}

/** A pruning server removes the lowest files first, so a file that vanishes takes the ones below it out of the listing. */
function withSizes(versions: readonly number[], directory: string): LogFile[] {
  const files: LogFile[] = [];
  for (const version of versions.toReversed()) {
    const path = join(directory, logFileName(version));
    const stat = statLog(path);
    if (stat === undefined) break;
    files.push({ version, path, sizeBytes: requireRegular(stat, path).size });
  }
  return files.reverse();
}

function statLog(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError(error, 'read', path);
  }
}

function requireRegular(info: Stats, file: string): Stats {
  const kind = describeIrregular(info);
  if (kind === undefined) return info;
  throw new GraphkeepError('log.corrupt', 'a transaction log must be a regular file', {
    place: { file },
    observed: kind,
  });
}

function holeIn(files: readonly { version: number }[], directory: string): GraphkeepError {
  const versions = files.map((file) => file.version);
  const below = versions.find((version) => !versions.includes(version + 1))!;
  return new GraphkeepError('log.gap', 'a transaction log file is missing between two others', {
    place: { file: join(directory, logFileName(below + 1)) },
    observed: versions.join(', '),
  });
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    throw fileError(error, 'list the directory', directory);
  }
}
