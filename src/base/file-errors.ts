import { GraphkeepError } from './errors.ts';
import { remedyForFile } from './system-remedies.ts';

/** The system's error code (`ENOENT`, `EACCES`, ...) of an error or of its cause. */
export function systemCodeOf(error: unknown): string | undefined {
  if (error instanceof GraphkeepError) return systemCodeOf(error.cause);
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

export function isMissing(error: unknown): boolean {
  return systemCodeOf(error) === 'ENOENT';
}

/** The operating system refused: the permissions do not allow it, or the file system is read-only. */
export function isForbidden(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
}

export function missingDirectory(path: string): GraphkeepError {
  return new GraphkeepError('directory.missing', `Directory '${path}' does not exist.`);
}

/** Turns an error of `node:fs` into a `file.io` with its place and the remedy for its cause; errors of ours pass unchanged. */
export function fileError(error: unknown, action: string, file: string): GraphkeepError {
  if (error instanceof GraphkeepError) return error;
  const observed = error instanceof Error ? error.message : String(error);
  const hint = remedyForFile(systemCodeOf(error), file);
  return new GraphkeepError('file.io', `cannot ${action}`, {
    place: { file },
    observed,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The error `directory.forbidden` for something that {@link isForbidden}: with the owner of the place and ourselves. */
export function forbiddenError(error: unknown, message: string, file: string): GraphkeepError {
  const hint = remedyForFile(systemCodeOf(error), file);
  return new GraphkeepError('directory.forbidden', message, {
    place: { file },
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/**
 * Any error as one of ours, where it is about to be shown: what the operating system refused has its place (`otherwise`: the one to name if
 * the error names none), whoever noticed it; anything else that is not ours is a mistake in graphkeep.
 */
export function asGraphkeepError(error: unknown, otherwise?: string): GraphkeepError {
  if (error instanceof GraphkeepError) return error;
  if (!isSystemError(error)) {
    return new GraphkeepError('internal', error instanceof Error ? error.message : String(error), { cause: error });
  }
  const { path = otherwise, syscall = 'use the file' } = error;
  if (path !== undefined) return fileError(error, syscall, path);
  return new GraphkeepError('file.io', `cannot ${syscall}`, { observed: error.message, cause: error });
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && systemCodeOf(error) !== undefined;
}

/** Runs `action` and gives every error of `node:fs` the place it needs. */
export async function atFile<T>(what: string, file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fileError(error, what, file);
  }
}
