/**
 * The file that a worker thread starts from, `check-worker` for example. Threads run nothing but JavaScript, so it is always a built one:
 * beside this file in the built program, and in `dist/` when this runs from the sources, as in tests, which build it first.
 */
export function locateWorkerFile(name: string): URL {
  const isBuilt = !import.meta.url.endsWith('.ts');
  return new URL(`${isBuilt ? '.' : '../../dist'}/${name}.js`, import.meta.url);
}
