import type { ErrorCode } from '../../../base/error-codes.ts';
import { type ErrorDetails, GraphkeepError } from '../../../base/errors.ts';

type ObjectFault = Extract<ErrorCode, `repository.object-${string}`>;

/** A fault in the bytes of an object. `key` is its name in the repository. */
export function objectError(
  fault: ObjectFault,
  key: string,
  message: string,
  details: Omit<ErrorDetails, 'place'> & { offset?: number } = {},
): GraphkeepError {
  const { offset, ...rest } = details;
  return new GraphkeepError(fault, message, {
    ...rest,
    place: offset === undefined ? { file: key } : { file: key, offset },
  });
}
