import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { throwIfCancelled } from '../../../base/cancellation.ts';
import { statIfExists } from '../../../base/durable-files.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import type { ServerRelease } from './server-release.ts';

/** The environment of the user, with which a server is started: what it asks for beyond its settings is there. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A Java of this machine. */
export interface Java {
  readonly program: string;
  readonly major: number;
}

/** It answers at once, but the machine may be busy. */
const ANSWER_MS = 60_000;

const run = promisify(execFile);

/**
 * The Java program that runs a server: that of JAVA_HOME, of the home itself, or the first one of PATH that suits its release.
 * @throws GraphkeepError `server.java`
 */
export async function findJava(
  home: string,
  release: ServerRelease,
  env: Environment,
  signal: AbortSignal,
): Promise<Java> {
  const { least, most = Number.POSITIVE_INFINITY } = release.java;
  const seen: string[] = [];
  for (const program of await listPrograms(home, env)) {
    const major = await askForMajor(program, signal);
    if (major !== undefined && major >= least && major <= most) return { program, major };
    seen.push(major === undefined ? `${program} is none` : `${program} is ${major}`);
  }
  const wanted = most === Number.POSITIVE_INFINITY ? `${least} or later` : `${least} to ${most}`;
  throw new GraphkeepError('server.java', `Neo4j ${release.text} needs Java ${wanted}, which was not found`, {
    observed: seen.length === 0 ? 'no Java in JAVA_HOME, in the home of the server or in PATH' : seen.join(', '),
  });
}

async function listPrograms(home: string, env: Environment): Promise<string[]> {
  const homes = [env.JAVA_HOME, join(home, 'jre'), join(home, 'jdk')].filter(
    (each) => each !== undefined && each !== '',
  );
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const programs = [...homes.map((each) => join(each!, 'bin')), ...folders].map((folder) => join(folder, 'java'));
  const existing: string[] = [];
  for (const program of new Set(programs)) {
    if ((await statIfExists(program))?.isFile()) existing.push(program);
  }
  return existing;
}

/** `openjdk version "17.0.15" 2025-04-15`; 8 and before call themselves 1.8. Undefined if it says no version. */
async function askForMajor(program: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const said = await run(program, ['-version'], { timeout: ANSWER_MS, signal });
    const version = /version "(?:1\.)?(\d+)/.exec(`${said.stderr}${said.stdout}`)?.[1];
    return version === undefined ? undefined : Number(version);
  } catch {
    // It cannot be run: the next one may do.
    throwIfCancelled(signal);
    return undefined;
  }
}
