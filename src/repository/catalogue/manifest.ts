import { z } from 'zod';
import { count, decimal, encryption, long, storedObject, storeIdentity, text, time } from './json-fields.ts';
import { formatJsonObject, type JsonKind, parseJsonObject } from './json-object.ts';

/*
 * The manifest of a base is written last: a base without one does not exist (spec repository-layout 4). It is plain JSON, so that anybody
 * who may list the repository can tell what it holds, without a key.
 */

const position = z.object({ version: decimal, offset: decimal });

const manifestSchema = z.object({
  format: z.literal('graphkeep-base'),
  version: z.literal(1),
  id: text,
  database: text,
  timeline: text,
  /** Version of graphkeep. */
  tool: text,
  store: storeIdentity.extend({
    /** Name of the store format. */
    format: text,
    /** Minor version of the server's `native-btree` index files, if the source told it. */
    genericIndexes: count.optional(),
    /** Of 4.2 or later: the version of its log, as a byte. A server completes such a base; its log is kept byte for byte. */
    kernelVersion: count.optional(),
  }),
  /** Where it came from, for people. */
  source: text,
  /** C: the files are at least as new as this transaction. The log goes on from `position`, the place in the log file of the base. */
  checkPoint: z.object({ transaction: decimal, position }),
  /** E: files and log together are the database as of this transaction. */
  consistentAt: z.object({
    transaction: decimal,
    checksum: long,
    commitTime: time,
    /** Where that transaction begins in its log file, if the files are kept as they are. */
    position: position.optional(),
  }),
  /** In files and log: nothing in the base is newer. */
  newestCommit: time,
  startedAt: time,
  finishedAt: time,
  files: count,
  bytes: decimal,
  storedBytes: decimal,
  /** Number of objects in the index. */
  objects: count,
  index: storedObject,
  log: z.array(storedObject).max(1_000_000),
  /** Files that could not be copied in one state: the server makes them anew. */
  omitted: z.array(text).max(10_000).optional(),
  compression: z.object({ method: z.literal('zstd'), level: z.int() }),
  encryption,
  /** Of a base that was sealed anew for other recipients: the id of the repository it comes from. */
  copiedFrom: z.object({ repository: text }).optional(),
});

export type Manifest = z.output<typeof manifestSchema>;

const manifestKind = {
  what: 'a manifest of a base',
  format: 'graphkeep-base',
  version: 1,
  schema: manifestSchema,
} satisfies JsonKind<typeof manifestSchema>;

export function formatManifest(manifest: Manifest): Buffer {
  return formatJsonObject(manifestKind, manifest);
}

/** `key`: that of the object, for errors. @throws GraphkeepError `repository.newer-version`, `repository.object-damaged` */
export function parseManifest(bytes: Uint8Array, key: string): Manifest {
  return parseJsonObject(manifestKind, bytes, key);
}
