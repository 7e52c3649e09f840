import { type FileHandle, open } from 'node:fs/promises';
import { statIfExists } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile } from '../base/file-errors.ts';
import { isStoreDirectory } from '../store/files/neostore-metadata.ts';

/*
 * Identifies what `load` was given, by its first bytes and never by its name. Anything that is not an archive of a database gets its own
 * message and hint: it matters whether the download was a web page or the disk was full.
 */

/** Compression of a dump's tar: 3.4 writes gzip, 3.5 from some release on zstd. */
export type ArchiveCompression = 'gzip' | 'zstd';

interface Signature {
  /** True if the first bytes match. */
  matches(head: Buffer): boolean;
  /** Completes "... ". */
  what: string;
  hint: string;
}

/** Bytes of a file that are looked at: the mark of a tar is at 257. */
export const HEAD_BYTES = 512;

const startsWith = (text: string) => (head: Buffer) => head.toString('latin1', 0, text.length) === text;
const asText = (head: Buffer) =>
  head
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();

/** Offset of `ustar` in the head of a tar. */
const TAR_MARK_AT = 257;
export const isTar = (head: Buffer): boolean => head.toString('latin1', TAR_MARK_AT, TAR_MARK_AT + 5) === 'ustar';

const REPACK =
  'Unpack it, then pack the files of the database again, from inside its directory: tar -czf graph.db.dump -C <database directory> .';

const foreign: readonly Signature[] = [
  {
    matches: isTar,
    what: 'it is a tar that is not compressed',
    hint: 'Compress it, then load the result: gzip <file>',
  },
  { matches: startsWith('PK'), what: 'it is a zip archive', hint: REPACK },
  {
    matches: (head) => startsWith('DGV1')(head) || startsWith('DZV1')(head),
    what: 'it is a dump of Neo4j 4.x or 5.x',
    hint: 'Load it with neo4j-admin of that version. graphkeep works with databases of 3.4 and 3.5; a newer one cannot be taken back to them.',
  },
  {
    matches: startsWith('version https://git-lfs.github.com/spec/'),
    what: 'it is a pointer of git-lfs; the archive itself was never fetched',
    hint: 'Fetch the archive in its repository, then load that: git lfs pull',
  },
  {
    matches: (head) => /^<(!doctype\s+html|html|head|\?xml|!--)/i.test(asText(head)),
    what: 'it is a web page',
    hint: 'Download the archive again, from a link to the file itself; open this one in a browser to see what the server said.',
  },
  {
    matches: (head) => /^\{\s*"|^\[\s*[{"]/.test(asText(head)),
    what: 'it is JSON, perhaps the answer of a server that was asked for the archive',
    hint: 'Look into the file for what the server said, then download the archive again.',
  },
  {
    matches: startsWith('BZh'),
    what: 'it is compressed with bzip2',
    hint: 'Compress it with gzip instead: bzip2 -dc <file> | gzip > graph.db.dump',
  },
  {
    matches: startsWith('\xfd7zXZ\0'),
    what: 'it is compressed with xz',
    hint: 'Compress it with gzip instead: xz -dc <file> | gzip > graph.db.dump',
  },
  { matches: startsWith('7z\xbc\xaf\x27\x1c'), what: 'it is a 7z archive', hint: REPACK },
  { matches: startsWith('Rar!'), what: 'it is a rar archive', hint: REPACK },
  {
    matches: (head) => head.length > 0 && head.every((byte) => byte === 0),
    what: 'it begins with nothing but zeros',
    hint: 'It was copied or downloaded incompletely, or its disk lost it. Use another copy.',
  },
];

const HINT_UNKNOWN = 'Give load a file that the dump command has made.';

/**
 * Inspects what `load` was given and returns its compression.
 * @throws GraphkeepError `archive.missing`, or `archive.invalid` with what it is instead
 */
export async function recogniseArchive(archive: string): Promise<ArchiveCompression> {
  await requireRegularFile(archive);
  const head = await readHead(archive);
  if (head.length === 0) {
    throw invalidArchive(
      archive,
      'it is empty',
      'It was written to a full disk, or the download failed. Use another copy.',
    );
  }
  const compression = compressionOf(head);
  if (compression !== undefined) return compression;
  throw foreignContent(archive, head);
}

/** The compression of a stream with this beginning; undefined if it is not compressed. */
function compressionOf(head: Buffer): ArchiveCompression | undefined {
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) return 'gzip';
  if (head.length >= 4 && head.readUInt32BE(0) === 0x28b52ffd) return 'zstd';
  return undefined;
}

/** The error for a file given to `load` that begins like this. */
function foreignContent(archive: string, head: Buffer): GraphkeepError {
  const found = foreign.find(({ matches }) => matches(head));
  if (found !== undefined) return invalidArchive(archive, found.what, found.hint);
  return invalidArchive(archive, 'it is neither gzip nor zstd', HINT_UNKNOWN);
}

/** The error for an archive whose compressed content begins like this, where a tar should be. */
export function foreignInside(archive: string, compression: ArchiveCompression, head: Buffer): GraphkeepError {
  if (compressionOf(head) !== undefined) {
    const hint = `Uncompress it once, then load the result: ${compression} -dc <file> > graph.db.dump`;
    return invalidArchive(archive, 'it is compressed twice', hint);
  }
  const found = foreign.find(({ matches }) => matches(head));
  if (found === undefined) return invalidArchive(archive, `it is ${compression}, but holds no tar`, HINT_UNKNOWN);
  return invalidArchive(archive, `it is ${compression}, but inside ${found.what}`, found.hint);
}

export function invalidArchive(archive: string, reason: string, hint?: string): GraphkeepError {
  return new GraphkeepError('archive.invalid', `Not a valid Neo4j archive: ${archive}`, {
    observed: reason,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Check before opening: opening a FIFO waits for a writer. */
async function requireRegularFile(archive: string): Promise<void> {
  const info = await statIfExists(archive);
  if (info === undefined) throw new GraphkeepError('archive.missing', `archive does not exist: ${archive}`);
  if (info.isFile()) return;
  if (!info.isDirectory()) {
    throw invalidArchive(
      archive,
      'it is neither a file nor a directory',
      'Give load a regular file; of a pipe, save the bytes to a file first.',
    );
  }
  const isDatabase = await isStoreDirectory(archive);
  if (isDatabase) {
    throw invalidArchive(
      archive,
      'it is a directory that holds a database, not an archive',
      `Restore it: graphkeep restore --from=${archive} --database=<name>`,
    );
  }
  throw invalidArchive(archive, 'it is a directory', 'Name the file in it that the dump command has made.');
}

async function readHead(archive: string): Promise<Buffer> {
  return await atFile('read the file', archive, async () => {
    const file: FileHandle = await open(archive, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
      return head.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  });
}
