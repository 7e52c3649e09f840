import { z } from 'zod';
import { GraphkeepError } from '../../base/errors.ts';
import { objectError } from '../object-errors.ts';

/*
 * The manifest of a base is written last: a base without one does not exist (spec repository-layout 4). It is plain JSON, so that anybody
 * who may list the repository can tell what it holds, without a key.
 *
 * 64-bit numbers are decimal strings. Unknown fields are left alone: later releases may add some. A reader refuses a version above its own.
 */

const MANIFEST_FORMAT = 'graphkeep-base';
const MANIFEST_VERSION = 1;
/** No manifest is longer; a file of this name that is, is none. */
export const MOST_MANIFEST_BYTES = 1024 * 1024;

const MIN_I64 = -(2n ** 63n);
const MAX_I64 = 2n ** 63n - 1n;

const count = z.int().nonnegative();
/** A size or an id: a decimal string in JSON, a number here. */
const decimal = z.codec(z.string().regex(/^(0|[1-9]\d{0,15})$/), z.int().nonnegative(), {
  decode: Number,
  encode: String,
});
const long = z.codec(
  z.string().regex(/^-?\d{1,19}$/),
  z.bigint().refine((value) => value >= MIN_I64 && value <= MAX_I64),
  { decode: BigInt, encode: String },
);
const time = z.codec(z.iso.datetime({ precision: 3 }), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const text = z.string().max(1000);
const storedObject = z.object({ object: text, bytes: decimal, sha256 });

const manifestSchema = z.object({
  format: z.literal(MANIFEST_FORMAT),
  version: z.literal(MANIFEST_VERSION),
  id: text,
  database: text,
  timeline: text,
  /** Version of graphkeep. */
  tool: text,
  store: z.object({
    id: text,
    format: text,
    /** Who replays the log at a restore. */
    recoveredBy: z.enum(['graphkeep', 'server']),
  }),
  /** `pending`: the files are fuzzy, the log makes them exact. `clean`: they were exact already. */
  form: z.enum(['pending', 'clean']),
  source: z.object({ kind: z.enum(['catchup', 'common', 'live-files', 'directory']), address: text }),
  /** C: the files are at least as new as this transaction. */
  checkPoint: z.object({ transaction: decimal, position: z.object({ version: decimal, offset: decimal }) }),
  /** E: files and log together are the database as of this transaction. */
  consistentAt: z.object({ transaction: decimal, checksum: long, commitTime: time }),
  /** In files and log: nothing in the base is newer. */
  newestCommit: time,
  startedAt: time,
  finishedAt: time,
  files: count,
  bytes: decimal,
  storedBytes: decimal,
  objects: count,
  partBytes: count,
  frameBytes: count,
  index: storedObject,
  /** Hashes of the plain bytes, encrypted as the rest is. */
  private: storedObject,
  log: z.array(storedObject).max(1_000_000),
  /** Files that the server makes again. */
  omitted: z.array(z.object({ file: text, why: text })),
  compression: z.object({ method: z.literal('zstd'), level: z.int() }),
  encryption: z.discriminatedUnion('method', [
    z.object({ method: z.literal('none') }),
    z.object({ method: z.literal('age'), recipients: z.array(text).min(1) }),
  ]),
  notes: z.array(text),
});

export type Manifest = z.output<typeof manifestSchema>;

export function formatManifest(manifest: Manifest): Buffer {
  return Buffer.from(`${JSON.stringify(z.encode(manifestSchema, manifest))}\n`);
}

/**
 * `place`: the key of the object, for errors.
 * @throws GraphkeepError `repository.newer-version`, `repository.object-damaged`
 */
export function parseManifest(bytes: Uint8Array, place: string): Manifest {
  const content = readJson(bytes, place);
  const { format, version } = (content ?? {}) as { format?: unknown; version?: unknown };
  if (format === MANIFEST_FORMAT && typeof version === 'number' && version > MANIFEST_VERSION) {
    throw new GraphkeepError('repository.newer-version', 'the base was written by a newer release of graphkeep', {
      place: { file: place },
      observed: `version ${version}; this release reads up to ${MANIFEST_VERSION}`,
    });
  }
  const { data, error } = manifestSchema.safeDecode(content as z.input<typeof manifestSchema>);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw damaged(place, `${issue!.path.join('.') || 'the whole'}: ${issue!.message}`);
}

function readJson(bytes: Uint8Array, place: string): unknown {
  if (bytes.length > MOST_MANIFEST_BYTES) throw damaged(place, `${bytes.length} bytes`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw damaged(place, error.message);
  }
}

function damaged(place: string, observed: string): GraphkeepError {
  return objectError('repository.object-damaged', place, 'this is no manifest of a base', { observed });
}
