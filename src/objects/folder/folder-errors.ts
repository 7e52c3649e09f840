import { GraphkeepError } from '../../base/errors.ts';
import { fileError, isForbidden, isMissing, systemCodeOf } from '../../base/file-errors.ts';
import { ObjectUnavailable } from '../object-errors.ts';

const FULL = ['ENOSPC', 'EDQUOT'];
/** What a network file system, or a machine short of something, may get over. */
const PASSING = [
  'EAGAIN',
  'EBUSY',
  'EINTR',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ESTALE',
  'ETIMEDOUT',
  'EHOSTDOWN',
  'ENOTCONN',
];

/** What an error of the system means for a store. */
export function folderError(error: unknown, action: string, path: string): GraphkeepError {
  if (error instanceof GraphkeepError && error.code !== 'file.io') return error;
  const code = systemCodeOf(error) ?? '';
  const plain = fileError(error, action, path);
  // The hint of the system error says more than that of the code.
  const details = { place: { file: path }, observed: code, cause: error, hint: plain.hint };
  if (FULL.includes(code)) return new GraphkeepError('object.full', `cannot ${action}: there is no room`, details);
  if (isForbidden(error)) return new GraphkeepError('object.denied', `cannot ${action}: it is forbidden`, details);
  if (PASSING.includes(code)) return new ObjectUnavailable(`cannot ${action}`, details);
  return plain;
}

/** True if nothing is there, be it that the directory is missing too or that there is a file in its place. */
export function isAbsent(error: unknown): boolean {
  return isMissing(error) || systemCodeOf(error) === 'ENOTDIR';
}

/** Runs `action` and says what its errors mean for the store. */
export async function inFolder<T>(what: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw folderError(error, what, path);
  }
}
