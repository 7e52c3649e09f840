import { type Child, type Completed, type ProcessOptions, runProcess, startProcess } from './child-process.ts';
import { install } from './installation.ts';
import type { Version } from './releases.ts';

/** What 3.x needs to run on Java 17, and what makes a small JVM start fast. */
const flags = [
  ...['sun.nio.ch', 'java.nio', 'java.lang', 'java.util', 'java.util.concurrent', 'java.io'].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  ),
  '--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED',
  '--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
];

export interface JavaOptions extends ProcessOptions {
  /** For -Xmx, e.g. `512m`. */
  readonly heap?: string;
}

async function commandLine(version: Version, main: string | undefined, args: readonly string[], heap: string) {
  const { classPath, release } = await install(version);
  return [...flags, `-Xmx${heap}`, '-cp', classPath, 'Tethered', main ?? release.mainClass, ...args];
}

/** Starts the server of a release, by its own main class or another one. */
export async function startServerProcess(
  version: Version,
  args: readonly string[],
  options: JavaOptions & { readonly mainClass?: string } = {},
): Promise<Child> {
  return startProcess('java', await commandLine(version, options.mainClass, args, options.heap ?? '512m'), options);
}

/** Starts a main class of a release. */
export async function startMain(
  version: Version,
  main: string,
  args: readonly string[],
  options: JavaOptions = {},
): Promise<Child> {
  return startProcess('java', await commandLine(version, main, args, options.heap ?? '512m'), options);
}

/** Runs a main class of a release to its end. */
export async function runMain(
  version: Version,
  main: string,
  args: readonly string[],
  options: JavaOptions = {},
): Promise<Completed> {
  return runProcess('java', await commandLine(version, main, args, options.heap ?? '512m'), options);
}
