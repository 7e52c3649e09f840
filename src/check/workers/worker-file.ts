/**
 * The file that worker threads start from. They run nothing but JavaScript, so it is always a built one: beside this file in the built
 * program, and in `dist/` when this runs from the sources, as in tests, which build it first.
 */
export function locateWorkerFile(): URL {
  const isBuilt = !import.meta.url.endsWith('.ts');
  return new URL(isBuilt ? './check-worker.js' : '../../../dist/check-worker.js', import.meta.url);
}
