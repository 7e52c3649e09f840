import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listIfExists } from '../../base/directory-names.ts';
import { statIfExists } from '../../base/durable-files.ts';
import { atFile, systemCodeOf } from '../../base/file-errors.ts';
import { describeIrregular, openRegularFileAsync } from '../../base/regular-files.ts';
import {
  BLOCK_FILE_NAME,
  OLD_LOG_NAME,
  RELEASE_OF_BLOCK_FORMAT,
  RELEASE_OF_OLD_LOGS,
  releaseOfLog,
  releaseOfStore,
  type WritingRelease,
} from './neo4j-versions.ts';
import { METADATA_FILE, storeFiles, transactionLogVersion } from './store-files.ts';
import { formatStoreVersion } from './store-id.ts';

/** A file that is not what it must be. `fault` completes "<name> is ...". */
export interface FileFault {
  name: string;
  fault: string;
}

/** What identified the release: its name, and the mark itself in readable form. */
export interface StoreMark {
  release: WritingRelease;
  mark: string;
}

/** What a directory is, as far as can be told without reading records. */
export type RecognisedStore =
  /** All record stores of 3.4 or 3.5 are there. */
  | ({ kind: 'supported' } & StoreMark)
  /** The same for 2.3 to 3.3: the records can be read. */
  | ({ kind: 'older' } & StoreMark)
  /** A store of another release; the mark is in `file`. */
  | ({ kind: 'other'; file: string } & StoreMark)
  /** `neostore` names a version that no release has. */
  | { kind: 'unknown'; mark: string }
  /** A readable store except for these files, which are all of its faults. */
  | ({ kind: 'incomplete'; faults: FileFault[] } & Partial<StoreMark>)
  /** `neostore` exists but holds no version. */
  | { kind: 'damaged'; fault: string }
  /** Files, but no store. `databases`: subdirectories that hold one. */
  | { kind: 'no-database'; databases: string[] }
  | { kind: 'empty' }
  | { kind: 'absent' }
  | { kind: 'no-directory'; fault: string };

/**
 * Identifies what a directory holds. Every command asks this first, so that a store of another release is never called damaged, nor an
 * incomplete one good. Reads `neostore` and the newest log, and checks which record stores exist.
 *
 * @param logDirectory where the logs are, if not in the directory itself
 * @throws GraphkeepError `file.io` if something cannot be read
 */
export async function recogniseStore(directory: string, logDirectory = directory): Promise<RecognisedStore> {
  const info = await statIfExists(directory);
  if (info === undefined) return { kind: 'absent' };
  if (!info.isDirectory()) return { kind: 'no-directory', fault: describeIrregular(info) ?? 'a file' };
  const names = await atFile('read the directory', directory, () => readdir(directory));
  const block = names.find((name) => BLOCK_FILE_NAME.test(name));
  if (block !== undefined) return { kind: 'other', release: RELEASE_OF_BLOCK_FORMAT, mark: block, file: block };
  const metadata = names.includes(METADATA_FILE) ? await findFault(join(directory, METADATA_FILE)) : 'missing';
  if (metadata === undefined) return await recogniseByMetadata(directory, names, logDirectory);
  return await recogniseWithoutMetadata(directory, names);
}

async function recogniseWithoutMetadata(directory: string, names: readonly string[]): Promise<RecognisedStore> {
  if (names.length === 0) return { kind: 'empty' };
  const oldLog = names.find((name) => OLD_LOG_NAME.test(name));
  if (oldLog !== undefined) return { kind: 'other', release: RELEASE_OF_OLD_LOGS, mark: oldLog, file: oldLog };
  const isStore = names.some((name) => name.startsWith(`${METADATA_FILE}.`));
  if (isStore) return { kind: 'incomplete', faults: await findFaults(directory) };
  const databases: string[] = [];
  for (const name of [...names].sort()) {
    if ((await statIfExists(join(directory, name, METADATA_FILE)))?.isFile() === true) databases.push(name);
  }
  return { kind: 'no-database', databases };
}

async function recogniseByMetadata(
  directory: string,
  names: readonly string[],
  logDirectory: string,
): Promise<RecognisedStore> {
  const found = await readStoreVersion(join(directory, METADATA_FILE));
  if (typeof found === 'string') return { kind: 'damaged', fault: found };
  const mark = formatStoreVersion(found);
  const release = releaseOfStore(found);
  if (release === undefined) return { kind: 'unknown', mark };
  if (release.support === 'none') return { kind: 'other', release, mark, file: METADATA_FILE };
  const foreignLog = await findForeignLog(
    logDirectory === directory ? names : await listIfExists(logDirectory),
    logDirectory,
  );
  if (foreignLog !== undefined) return foreignLog;
  const faults = await findFaults(directory);
  if (faults.length > 0) return { kind: 'incomplete', faults, release, mark };
  return { kind: release.support === 'full' ? 'supported' : 'older', release, mark };
}

/** Offset of the version in `neostore`: a byte 1, then the value (spec record-stores 4). */
const VERSION_OFFSET = 4 * 9;

/** The store version, or why there is none. */
async function readStoreVersion(path: string): Promise<bigint | string> {
  const bytes = await readStart(path, VERSION_OFFSET + 9);
  if (bytes.length === 0) return 'it is empty';
  if (bytes.length < VERSION_OFFSET + 9) return `it ends after ${bytes.length} bytes`;
  if (bytes[VERSION_OFFSET] !== 1) return 'it names no store version';
  return bytes.readBigInt64BE(VERSION_OFFSET + 1);
}

async function readStart(path: string, length: number): Promise<Buffer> {
  return await atFile('read the file', path, async () => {
    const file = await openRegularFileAsync(path);
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  });
}

/** The newest log identifies the release that wrote last. Any other fault in it is left to the log readers. */
async function findForeignLog(names: readonly string[], directory: string): Promise<RecognisedStore | undefined> {
  const newest = Math.max(...names.map((name) => transactionLogVersion(name) ?? -1));
  const file = names.find((name) => transactionLogVersion(name) === newest);
  if (file === undefined || (await statIfExists(join(directory, file)))?.isFile() !== true) return undefined;
  const [format] = await readStart(join(directory, file), 1);
  const release = format === undefined ? undefined : releaseOfLog(format);
  if (release === undefined || release.support === 'full') return undefined;
  return { kind: 'other', release, mark: `log format ${format}`, file };
}

/** Required files, `neostore` among them, that are missing or of the wrong kind. */
async function findFaults(directory: string): Promise<FileFault[]> {
  const faults: FileFault[] = [];
  for (const name of [METADATA_FILE, ...storeFiles.map(({ fileName }) => fileName)]) {
    const fault = await findFault(join(directory, name));
    if (fault !== undefined) faults.push({ name, fault });
  }
  return faults;
}

async function findFault(path: string): Promise<string | undefined> {
  try {
    return describeIrregular(await stat(path));
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT') return 'missing';
    if (code === 'ELOOP') return 'a link that leads to itself';
    return await atFile('read the file', path, () => Promise.reject(error));
  }
}
