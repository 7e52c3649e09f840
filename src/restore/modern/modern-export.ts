import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../../base/durable-files.ts';
import { rightsBelow } from '../../base/file-rights.ts';
import { requireRoom } from '../../base/free-room.ts';
import { ScratchDirectory } from '../../base/scratch-directory.ts';
import { MODERN_FILES } from '../../generation/modern-files.ts';
import type { ArchiveCompression } from '../archive-content.ts';
import { writeArchive } from '../archive-writing.ts';
import { archivePath, PartialArchive, requirePlaceForArchive } from '../partial-archive.ts';
import { layOut, type ModernSource } from './modern-layout.ts';

export interface ModernExportOptions extends ModernSource {
  /** Absolute path: a file that does not exist, or a directory, which then gets `<database>.dump`. */
  readonly to: string;
  readonly databaseName: string;
  /** An existing directory with room for the database. */
  readonly scratch: string;
  readonly compression: ArchiveCompression;
}

export interface ModernExport {
  readonly archive: string;
  readonly bytes: number;
  readonly transaction: number;
  readonly commitTime: Date;
}

const PREFIX = 'graphkeep-export';
/** What the tool of Neo4j 4.4 and later looks for at the beginning of a dump. That of 4.2 and 4.3 knows no such thing. */
const MARKS = { gzip: 'DGV1', zstd: 'DZV1' } as const;
/** The version of the log that 4.4 writes. */
const FIRST_WITH_MARKS = 4;

/**
 * Packs a moment of a database of 4.2 or later into a dump that `neo4j-admin database load` takes (4.x: `neo4j-admin load`); the server
 * recovers it when it starts. The archive appears under its name when it is complete; an existing file is never replaced.
 */
export async function exportModern(options: ModernExportOptions): Promise<ModernExport> {
  const { to, databaseName, scratch, choice, compression, signal } = options;
  const archive = await archivePath(to, databaseName);
  await requirePlaceForArchive(archive);
  const place = await ScratchDirectory.create(scratch, PREFIX);
  try {
    await requireRoom(
      place.path,
      choice.manifest.bytes,
      'there is not enough room to restore the database for a while',
    );
    const laidOut = { files: join(place.path, 'files'), logs: join(place.path, 'logs') };
    await makeDirectory(laidOut.files);
    await makeDirectory(laidOut.logs);
    const {
      transaction,
      commitTime,
      kernelVersion = choice.manifest.store.kernelVersion,
    } = await layOut(options, laidOut);
    const hasMark = kernelVersion === undefined || kernelVersion >= FIRST_WITH_MARKS;
    const partial = await PartialArchive.create(archive);
    try {
      const transactionLogs = (await readdir(laidOut.logs))
        .sort()
        .map((name) => ({ name, path: join(laidOut.logs, name) }));
      const content = {
        databaseDirectory: laidOut.files,
        files: MODERN_FILES,
        transactionLogs,
        compression,
        ...(hasMark ? { mark: MARKS[compression] } : {}),
      };
      await writeArchive(partial.file, partial.path, content, { signal });
      await partial.publish({ owner: (await rightsBelow(dirname(archive))).owner, modes: undefined });
    } finally {
      await partial.close();
    }
    return { archive, bytes: (await stat(archive)).size, transaction, commitTime };
  } finally {
    await place.remove();
  }
}
