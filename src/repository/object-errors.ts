import type { ErrorCode } from '../base/error-codes.ts';
import { type ErrorDetails, type ErrorPlace, GraphkeepError } from '../base/errors.ts';

type ObjectFault = Extract<ErrorCode, `repository.object-${string}`>;

/** A fault in the bytes of an object. `key` is its name in the repository; `line` and `offset` say where in it. */
export function objectError(
  fault: ObjectFault,
  key: string,
  message: string,
  details: Omit<ErrorDetails, 'place'> & Pick<ErrorPlace, 'line' | 'offset'> = {},
): GraphkeepError {
  const { line, offset, ...rest } = details;
  const within = { ...(line === undefined ? {} : { line }), ...(offset === undefined ? {} : { offset }) };
  return new GraphkeepError(fault, message, { ...rest, place: { file: key, ...within } });
}
