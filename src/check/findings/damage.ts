import { OutOfBytes } from '../../base/byte-reader.ts';
import { GraphkeepError } from '../../base/errors.ts';

/** True if a decoder's error means that the bytes are damaged: report it and continue the check. */
export function isDamage(error: unknown): error is Error {
  if (error instanceof GraphkeepError) return ['store.corrupt', 'file.corrupt', 'file.truncated'].includes(error.code);
  return error instanceof OutOfBytes || error instanceof RangeError;
}
