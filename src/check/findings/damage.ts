import { OutOfBytes } from '../../base/byte-reader.ts';
import { GraphkeepError } from '../../base/errors.ts';

/** Whether an error of a decoder says that the bytes are damaged: to be reported, not to end the check. */
export function isDamage(error: unknown): error is Error {
  if (error instanceof GraphkeepError) return ['store.corrupt', 'file.corrupt', 'file.truncated'].includes(error.code);
  return error instanceof OutOfBytes || error instanceof RangeError;
}
