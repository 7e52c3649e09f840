/**
 * Where the code of the workers is: beside this file in the built program. From sources it has to be translated first, which worker threads
 * do not do by themselves.
 */
export function locateWorkerFile(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./check-worker.js', import.meta.url);
  const source = new URL('./check-worker.ts', import.meta.url).href;
  const translator = import.meta.resolve('tsx/esm/api');
  const code = `import { register } from ${JSON.stringify(translator)}; register(); await import(${JSON.stringify(source)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
