import type { ErrorCode } from '../base/error-codes.ts';
import { type ErrorDetails, type ErrorPlace, GraphkeepError } from '../base/errors.ts';
import type { ByteRange } from './object-store.ts';

/** The store did not do it now, and may do it later. What it had begun may be done: the caller has to look. */
export class ObjectUnavailable extends GraphkeepError {
  /** Time that the store wants to be left alone, if it said so. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ErrorDetails & { retryAfterMs?: number | undefined }) {
    super('object.unavailable', message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

const sentences = {
  'object.exists': 'there is an object with this key already',
  'object.missing': 'there is no such object',
  'object.changed': 'it is not the object that was to be replaced',
} as const satisfies Partial<Record<ErrorCode, string>>;

/** An error that is the same in every store. */
export function objectError(code: keyof typeof sentences, place: ErrorPlace, details: ErrorDetails = {}) {
  return new GraphkeepError(code, sentences[code], { place, ...details });
}

/**
 * The range to read of an object of `size` bytes: all of it if none was asked for.
 * @throws GraphkeepError `object.damaged` if the object is too short
 */
export function rangeWithin(size: number, range: ByteRange | undefined, place: ErrorPlace): ByteRange {
  if (range === undefined) return { from: 0, to: size };
  if (range.to <= size) return range;
  throw new GraphkeepError('object.damaged', `the object is too short to read it up to byte ${range.to}`, {
    place,
    observed: `${size} bytes`,
  });
}

/** A range that nobody can mean is a mistake of the caller. */
export function requireRange(range: ByteRange | undefined): void {
  if (range !== undefined && !(range.from >= 0 && range.from < range.to)) {
    throw new RangeError(`no range of bytes: ${range.from} to ${range.to}`);
  }
}
