import { type Child, type Completed, type ProcessOptions, runProcess, startProcess } from './child-process.ts';
import { install } from './installation.ts';
import { findRelease, type Version } from './releases.ts';
import { type ClassSharing, shareClasses } from './shared-classes.ts';

/** Flags that 3.x needs on Java 17, and flags that make a small JVM start fast. */
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

/** The purpose of a JVM; each has an archive of the classes it loads. */
export type Purpose = 'server' | 'tool' | 'repeated' | 'opener';

interface Launch {
  readonly args: string[];
  readonly sharing: ClassSharing;
}

async function planLaunch(
  version: Version,
  purpose: Purpose,
  mainAndArgs: readonly string[],
  options: JavaOptions,
): Promise<Launch> {
  const installation = await install(version);
  const classPath = options.secure ? installation.secureClassPath : installation.classPath;
  if (classPath === undefined) throw new Error(`no TLS for the catchup protocol of ${version}`);
  const properties = Object.entries(options.properties ?? {}).map(([name, value]) => `-D${name}=${value}`);
  const sharing = await shareClasses(installation.directory, purpose, classPath);
  const machine = [...flags, ...sharing.flags, ...properties, `-Xmx${options.heap ?? '512m'}`];
  return { args: [...machine, '-cp', classPath, ...mainAndArgs], sharing };
}

/** Starts the server of a release, by its own main class or another one. */
export async function startServerProcess(
  version: Version,
  args: readonly string[],
  options: JavaOptions & { readonly mainClass?: string } = {},
): Promise<Child> {
  const main = options.mainClass ?? findRelease(version).mainClass;
  return start(await planLaunch(version, 'server', ['Tethered', main, ...args], options), options);
}

/** Starts a main class of a release. */
export async function startMain(
  version: Version,
  main: string,
  args: readonly string[],
  options: JavaOptions = {},
): Promise<Child> {
  return start(await planLaunch(version, 'tool', ['Tethered', main, ...args], options), options);
}

/** Runs a main class of a release to its end. */
export async function runMain(
  version: Version,
  main: string,
  args: readonly string[],
  options: JavaOptions = {},
): Promise<Completed> {
  const launch = await planLaunch(version, 'tool', ['Tethered', main, ...args], options);
  const completed = await runProcess('java', launch.args, options);
  await launch.sharing.keep();
  return completed;
}

/** Starts a main class of a release that is run many times in one JVM (see `Repeated.java`). */
export async function startRepeated(version: Version, main: string, options: JavaOptions = {}): Promise<Child> {
  return start(await planLaunch(version, 'repeated', ['Repeated', main], options), options);
}

/** Starts a JVM that opens databases (see `Opened.java`). */
export async function startOpener(version: Version): Promise<Child> {
  return start(await planLaunch(version, 'opener', ['Opened'], {}), {});
}

function start({ args, sharing }: Launch, options: JavaOptions): Child {
  const child = startProcess('java', args, options);
  child.once('close', () => void sharing.keep());
  return child;
}
