import { join } from 'node:path';
import type { ServerHome } from './server-home.ts';

/** Packages that releases for Java 11 use and Java 17 closes; later releases do not mind. */
const OPENED = [
  ...['java.io', 'java.lang', 'java.nio', 'java.util', 'java.util.concurrent', 'sun.nio.ch'],
  ...['jdk.internal.misc', 'jdk.internal.ref'],
];
const DEFAULT_HEAP = '1g';

/** The command line that runs a main class of a server with its own libraries. Memory is what HEAP_SIZE says, as for its own tools. */
export function javaCommand(
  { directory, release, java, env }: ServerHome,
  mainClass: string,
  args: readonly string[],
): [string, ...string[]] {
  const heap = env.HEAP_SIZE === undefined || env.HEAP_SIZE === '' ? DEFAULT_HEAP : env.HEAP_SIZE;
  return [
    java.program,
    ...OPENED.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    ...(release.isFrom(2025) ? ['--enable-native-access=ALL-UNNAMED', '--add-modules=jdk.incubator.vector'] : []),
    ...(java.major >= 24 ? ['--sun-misc-unsafe-memory-access=allow'] : []),
    '-XX:+UseSerialGC',
    `-Xmx${heap}`,
    '-cp',
    join(directory, 'lib', '*'),
    mainClass,
    ...args,
  ];
}
