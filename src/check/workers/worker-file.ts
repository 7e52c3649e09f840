let bundled: Promise<URL> | undefined;

/**
 * Where the code of the workers is: beside this file in the built program. From sources it has to be bundled first, once for all, because
 * worker threads run nothing but JavaScript.
 */
export async function locateWorkerFile(): Promise<URL> {
  if (!import.meta.url.endsWith('.ts')) return new URL('./check-worker.js', import.meta.url);
  bundled ??= bundleWorker();
  return bundled;
}

async function bundleWorker(): Promise<URL> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [new URL('./check-worker.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    minifySyntax: true,
  });
  return new URL(`data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`);
}
