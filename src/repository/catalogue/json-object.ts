import { TextDecoder } from 'node:util';
import { z } from 'zod';
import { GraphkeepError } from '../../base/errors.ts';
import { objectError } from '../object-errors.ts';

/** No JSON object of a repository is longer. A manifest names the log of its base; this one belongs to a terabyte of log. */
export const MOST_JSON_BYTES = 16 * 1024 * 1024;

/** A kind of JSON object in a repository: what it calls itself, the version that this release writes, and its content. */
export interface JsonKind<Schema extends z.ZodType> {
  /** For messages: `a manifest of a base`. */
  readonly what: string;
  readonly format: string;
  readonly version: number;
  readonly schema: Schema;
}

export function formatJsonObject<Schema extends z.ZodType>(
  { schema }: JsonKind<Schema>,
  content: z.output<Schema>,
): Buffer {
  return Buffer.from(`${JSON.stringify(z.encode(schema, content))}\n`);
}

/**
 * Unknown fields are left out: later releases may add some.
 * @param key of the object, for errors
 * @throws GraphkeepError `repository.newer-version`, `repository.object-damaged`
 */
export function parseJsonObject<Schema extends z.ZodType>(
  { what, format, version, schema }: JsonKind<Schema>,
  bytes: Uint8Array,
  key: string,
): z.output<Schema> {
  const damaged = (observed: string) =>
    objectError('repository.object-damaged', key, `this is not ${what}`, { observed });
  const content = readJson(bytes, damaged);
  const found = (content ?? {}) as { format?: unknown; version?: unknown };
  if (found.format === format && typeof found.version === 'number' && found.version > version) {
    throw new GraphkeepError('repository.newer-version', `${what} was written by a newer release of graphkeep`, {
      place: { file: key },
      observed: `version ${found.version}; this release reads up to ${version}`,
    });
  }
  const { data, error } = schema.safeDecode(content as z.input<Schema>);
  if (error === undefined) return data;
  const [issue] = error.issues;
  throw damaged(`${issue!.path.join('.') || 'the whole'}: ${issue!.message}`);
}

function readJson(bytes: Uint8Array, damaged: (observed: string) => GraphkeepError): unknown {
  if (bytes.length > MOST_JSON_BYTES) throw damaged(`${bytes.length} bytes`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw damaged(error.message);
  }
}
