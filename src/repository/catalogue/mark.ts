import { z } from 'zod';
import { count, decimal, text, time } from './json-fields.ts';
import { formatJsonObject, type JsonKind, parseJsonObject } from './json-object.ts';

/*
 * Marks say something of a base that was not known when it was made (spec repository-layout 7). They are objects of their own, since a base
 * never changes; they are not encrypted.
 */

const common = {
  format: z.literal('graphkeep-mark'),
  version: z.literal(1),
  base: text,
  made: time,
  /** Version of graphkeep. */
  tool: text,
};

const markSchema = z.discriminatedUnion('kind', [
  /** The base is kept until it is released. */
  z.object({ ...common, kind: z.literal('hold'), reason: text.optional() }),
  z.object({ ...common, kind: z.literal('release') }),
  /** A moment was restored from the base and checked. */
  z.object({
    ...common,
    kind: z.literal('proof'),
    /** As it was asked for: `latest`, a transaction or a time. */
    moment: text,
    /** Release of the server that was to open it, for a database of 4.2 or later. */
    server: text.optional(),
    /** `failed`: something in the repository kept it from being restored. */
    result: z.enum(['sound', 'inconsistent', 'failed']),
    /** Code of the error that it failed with. */
    failure: text.optional(),
    /** What is known of the restored database; a drill that failed knows nothing. */
    transaction: decimal.optional(),
    commitTime: time.optional(),
    errors: count.optional(),
    warnings: count.optional(),
    nodes: decimal.optional(),
    relationships: decimal.optional(),
    files: count.optional(),
    bytes: decimal.optional(),
    restoreMs: count.optional(),
    checkMs: count.optional(),
    neededKey: z.boolean(),
  }),
  /** Somebody looked whether everything is there. */
  z.object({
    ...common,
    kind: z.literal('verified'),
    /** `names`: names and manifests; `part`: some of the objects too; `read`: every object. */
    extent: z.enum(['names', 'part', 'read']),
    /** How many of 100 objects were read, of `part`. */
    percent: count.optional(),
    faults: count,
    neededKey: z.boolean(),
  }),
  /** An identity opened an encrypted object. */
  z.object({ ...common, kind: z.literal('key') }),
]);

export type Mark = z.output<typeof markSchema>;
/** What a mark of one kind says. */
export type MarkOf<Kind extends Mark['kind']> = Extract<Mark, { kind: Kind }>;

const markKind = {
  what: 'a mark of a base',
  format: 'graphkeep-mark',
  version: 1,
  schema: markSchema,
} satisfies JsonKind<typeof markSchema>;

export function formatMark(mark: Mark): Buffer {
  return formatJsonObject(markKind, mark);
}

/** `key`: that of the object, for errors. @throws GraphkeepError `repository.newer-version`, `repository.object-damaged` */
export function parseMark(bytes: Uint8Array, key: string): Mark {
  return parseJsonObject(markKind, bytes, key);
}
