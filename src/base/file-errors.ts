import { GraphkeepError } from './errors.ts';

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

/** Turns an error of `node:fs` into a `file.io` with its place; errors of ours pass unchanged. */
export function fileError(error: unknown, action: string, file: string): GraphkeepError {
  if (error instanceof GraphkeepError) return error;
  const observed = error instanceof Error ? error.message : String(error);
  return new GraphkeepError('file.io', `cannot ${action}`, { place: { file }, observed, cause: error });
}

/** Runs `action` and gives every error of `node:fs` the place it needs. */
export async function atFile<T>(what: string, file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fileError(error, what, file);
  }
}
