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

/** True if the operating system refused: permissions do not allow it, or the file system is read-only. */
export function isForbidden(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
}

export function missingDirectory(path: string): GraphkeepError {
  return new GraphkeepError('directory.missing', `Directory '${path}' does not exist.`);
}

/** Turns an error of `node:fs` into a `file.io` with its place and a hint for its cause. A {@link GraphkeepError} passes unchanged. */
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

/** The error `directory.forbidden` for an error that {@link isForbidden} accepts; it names the owner of the place and the current user. */
export function forbiddenError(error: unknown, message: string, file: string): GraphkeepError {
  const hint = remedyForFile(systemCodeOf(error), file);
  return new GraphkeepError('directory.forbidden', message, {
    place: { file },
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/**
 * Converts any error into a {@link GraphkeepError} just before it is shown. A system error gets its place (`otherwise` if it names none).
 * Anything else is a bug in graphkeep and is reported as one.
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

/** Runs `action` and adds the place to every error of `node:fs`. */
export async function atFile<T>(what: string, file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fileError(error, what, file);
  }
}
