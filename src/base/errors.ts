import { type ErrorCode, errorCodes } from './error-codes.ts';
import { printableMessage, printableText } from './printable-text.ts';

/** Where something was observed: a file with an offset, an object in a bucket, or a peer. */
export interface ErrorPlace {
  file?: string;
  /** Line in a text file, counted from 1. */
  line?: number;
  /** Column in the line, counted from 1. */
  column?: number;
  offset?: number;
  /** An object, or where many of them are: `s3://bucket/key`. */
  object?: string;
  peer?: string;
}

export interface ErrorDetails {
  place?: ErrorPlace;
  /** The observed value, in the form that the user should read. */
  observed?: string | number | bigint;
  /** Replaces the hint of the code table when a better one is known. */
  hint?: string;
  cause?: unknown;
  /** The Java tool's wording for the same error. The `neo4j-admin` front prints it, since scripts may match it. */
  original?: string;
}

/**
 * The only error type that graphkeep throws on purpose. It has a stable code, the place, the observed value and what to do next. Message,
 * hint and observed value may contain untrusted names and values: they are made printable here. Pass a message of several lines as a list.
 */
export class GraphkeepError extends Error {
  override readonly name = 'GraphkeepError';
  readonly code: ErrorCode;
  readonly place: ErrorPlace | undefined;
  readonly observed: string | number | bigint | undefined;
  readonly hint: string;
  readonly original: string | undefined;

  constructor(code: ErrorCode, message: string | readonly string[], details: ErrorDetails = {}) {
    const lines = typeof message === 'string' ? [message] : message;
    super(lines.map(printableMessage).join('\n'), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.place = details.place;
    this.observed = typeof details.observed === 'string' ? printableMessage(details.observed) : details.observed;
    this.hint = details.hint === undefined ? errorCodes[code] : printableMessage(details.hint);
    this.original = details.original === undefined ? undefined : printableMessage(details.original);
  }
}

/** One line for the user: what, where, and the observed value. The hint is a separate line. */
export function describeError(error: unknown): string {
  if (!(error instanceof GraphkeepError))
    return printableMessage(error instanceof Error ? error.message : String(error));
  const parts: string[] = [];
  const { file, line, column, offset, object, peer } = error.place ?? {};
  if (file !== undefined) {
    const name = printableText(file);
    const inLine = column === undefined ? '' : `, column ${column}`;
    const where = line !== undefined ? `, line ${line}${inLine}` : offset !== undefined ? `, offset ${offset}` : '';
    parts.push(`file ${name}${where}`);
  }
  if (object !== undefined) parts.push(`object ${printableText(object)}`);
  const atPeer = offset === undefined || file !== undefined ? '' : `, offset ${offset} of what it sent`;
  if (peer !== undefined) parts.push(`server ${printableText(peer)}${atPeer}`);
  if (error.observed !== undefined) parts.push(`observed ${error.observed}`);
  return parts.length === 0 ? error.message : `${error.message} (${parts.join('; ')})`;
}

export function hasCode(error: unknown, ...codes: ErrorCode[]): error is GraphkeepError {
  return error instanceof GraphkeepError && codes.includes(error.code);
}
