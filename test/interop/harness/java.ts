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
  /** For -Xmx. Default `512m`. */
  readonly heap?: string;
  /** Java system properties. */
  readonly properties?: Readonly<Record<string, string>>;
  /** With TLS in the catchup protocol, as in the commercial packages (3.4.9). Default false. */
  readonly secure?: boolean;
}

async function commandLine(version: Version, main: string | undefined, args: readonly string[], options: JavaOptions) {
  const installation = await install(version);
  const { release } = installation;
  const classPath = options.secure ? installation.secureClassPath : installation.classPath;
  if (classPath === undefined) throw new Error(`no TLS for the catchup protocol of ${version}`);
  const properties = Object.entries(options.properties ?? {}).map(([name, value]) => `-D${name}=${value}`);
  const machine = [...flags, ...properties, `-Xmx${options.heap ?? '512m'}`];
  return [...machine, '-cp', classPath, 'Tethered', main ?? release.mainClass, ...args];
}

/** Starts the server of a release, by its own main class or another one. */
export async function startServerProcess(
  version: Version,
  args: readonly string[],
  options: JavaOptions & { readonly mainClass?: string } = {},
): Promise<Child> {
  return startProcess('java', await commandLine(version, options.mainClass, args, options), options);
}

/** Starts a main class of a release. */
export async function startMain(
  version: Version,
  main: string,
  args: readonly string[],
  options: JavaOptions = {},
): Promise<Child> {
  return startProcess('java', await commandLine(version, main, args, options), options);
}

/** Runs a main class of a release to its end. */
export async function runMain(
  version: Version,
  main: string,
  args: readonly string[],
  options: JavaOptions = {},
): Promise<Completed> {
  return runProcess('java', await commandLine(version, main, args, options), options);
}
