import { type Child, type Completed, type ProcessOptions, runProcess, startProcess } from '../child-process.ts';
import { shareClasses } from '../shared-classes.ts';
import { installModern, type ModernInstallation } from './installation.ts';

const opened = [
  ...['java.io', 'java.lang', 'java.nio', 'java.util', 'java.util.concurrent', 'sun.nio.ch'],
  ...['jdk.internal.misc', 'jdk.internal.ref'],
];

/** What Neo4j needs, and what makes a small JVM start fast. */
function flagsFor({ version, java }: ModernInstallation): string[] {
  return [
    ...opened.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    ...(version.isFrom(2025) ? ['--enable-native-access=ALL-UNNAMED', '--add-modules=jdk.incubator.vector'] : []),
    ...(java.major >= 24 ? ['--sun-misc-unsafe-memory-access=allow'] : []),
    ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'],
  ];
}

export interface ModernJavaOptions extends ProcessOptions {
  /** For -Xmx. Default `512m`. */
  readonly heap?: string;
}

async function plan(installation: ModernInstallation, purpose: string, command: readonly string[], heap = '512m') {
  const { directory, classPath, java } = installation;
  const sharing = await shareClasses(directory, purpose, classPath, java.java);
  const machine = [...flagsFor(installation), ...sharing.flags, `-Xmx${heap}`];
  return { java: java.java, args: [...machine, '-cp', classPath, 'Tethered', ...command], sharing };
}

/** Starts the server of a release. */
export async function startModernProcess(
  version: string,
  args: readonly string[],
  options: ModernJavaOptions = {},
): Promise<Child> {
  const installation = await installModern(version);
  const launch = await plan(installation, 'server', [installation.mainClass, ...args], options.heap);
  const child = startProcess(launch.java, launch.args, options);
  child.once('close', () => void launch.sharing.keep());
  return child;
}

/** Runs a main class of a release to its end. */
export async function runModernMain(
  version: string,
  main: string,
  args: readonly string[],
  options: ModernJavaOptions = {},
): Promise<Completed> {
  const launch = await plan(await installModern(version), 'tool', [main, ...args], options.heap);
  const completed = await runProcess(launch.java, launch.args, options);
  await launch.sharing.keep();
  return completed;
}
