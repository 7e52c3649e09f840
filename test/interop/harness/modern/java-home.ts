import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { ModernVersion } from './modern-version.ts';

/** A Java installation of this machine. */
export interface JavaHome {
  /** The program. */
  readonly java: string;
  /** Major release: 17, 25. */
  readonly major: number;
}

const SYSTEM_FOLDER = '/usr/lib/jvm';

/** A Java that can run this release, the one of the search path if it can. */
export function findJava(version: ModernVersion): JavaHome | undefined {
  const { least, most } = version.java;
  return listHomes().find(({ major }) => major >= least && major <= most);
}

/** Those of these versions for which this machine has a Java. In CI all: a Java that is missing there is a failure. */
export function selectRunnable(versions: readonly string[]): string[] {
  return versions.filter((version) => process.env.CI || findJava(new ModernVersion(version)) !== undefined);
}

function listHomes(): JavaHome[] {
  const homes = [
    ...(process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, 'java')),
    ...inSystem(),
  ];
  return homes.flatMap((java) => describe(java) ?? []);
}

function inSystem(): string[] {
  try {
    return readdirSync(SYSTEM_FOLDER).map((name) => path.join(SYSTEM_FOLDER, name, 'bin/java'));
  } catch {
    // Another operating system keeps them elsewhere.
    return [];
  }
}

function describe(java: string): JavaHome | undefined {
  try {
    const release = readFileSync(path.resolve(realpathSync(java), '../../release'), 'utf8');
    const version = /^JAVA_VERSION="(\d+)/m.exec(release)?.[1];
    return version === undefined ? undefined : { java, major: Number(version) };
  } catch {
    // There is none, or it does not say what it is.
    return undefined;
  }
}
