import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOrThrow } from './child-process.ts';
import { cacheRoot, compile, fetchRelease, publish } from './jar-cache.ts';
import { findRelease, type Release, type Version } from './releases.ts';

/** A release on this machine, ready to run. */
export interface Installation {
  /** Where it is. */
  readonly directory: string;
  /** For `java -cp`: a jar of compiled starter classes, then every jar. */
  readonly classPath: string;
  /** The same with TLS in the catchup protocol, where we have classes for that. */
  readonly secureClassPath: string | undefined;
}

const here = path.dirname(fileURLToPath(import.meta.url));
const installed = new Map<Version, Promise<Installation>>();

/** What this machine lacks to run real servers; empty if nothing. */
export function findMissingTools(): string[] {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return ['java', 'javac', 'jar', 'mvn'].filter(
    (tool) => !folders.some((folder) => existsSync(path.join(folder, tool))),
  );
}

/**
 * Fetches the jars of a release into the cache and compiles its starter. The result appears by one rename, so an interrupted or concurrent
 * run leaves nothing incomplete; a second call finds everything there.
 */
export function install(version: Version): Promise<Installation> {
  let pending = installed.get(version);
  if (pending === undefined) {
    pending = prepare(findRelease(version));
    installed.set(version, pending);
  }
  return pending;
}

async function prepare(release: Release): Promise<Installation> {
  const directory = await fetchRelease(release.version, release.artifacts);
  const jars = path.join(directory, 'lib');
  const starters = await compile(directory, jars, starterSources(release));
  const classPath = [starters, path.join(jars, '*')].join(path.delimiter);
  const { secure } = release;
  if (secure === undefined) return { directory, classPath, secureClassPath: undefined };
  const classes = await compile(directory, jars, await listSources(secure.folder), secure.services);
  return { directory, classPath, secureClassPath: [classes, classPath].join(path.delimiter) };
}

/**
 * Fetches one artifact, which holds all that it needs, into the cache.
 * @param coordinates group:artifact:version:jar:classifier
 * @returns the path of the jar
 */
export async function fetchProgram(coordinates: string): Promise<string> {
  const [, artifact, version, type, classifier] = coordinates.split(':');
  const directory = path.join(cacheRoot, `${artifact}-${version}`);
  await mkdir(cacheRoot, { recursive: true });
  if (!existsSync(directory)) {
    await publish(directory, async (target) => {
      const goal = ['dependency:copy', `-Dartifact=${coordinates}`, `-DoutputDirectory=${target}`];
      await runOrThrow('mvn', ['-q', '-B', ...goal], { cwd: target });
    });
  }
  return path.join(directory, `${artifact}-${version}-${classifier}.${type}`);
}

async function listSources(folder: string): Promise<string[]> {
  const names = await readdir(path.join(here, 'starter', folder));
  return names.sort().map((name) => path.join(here, 'starter', folder, name));
}

function starterSources(release: Release): string[] {
  const sources = ['Tethered', 'Repeated', 'Opened'].map((name) => path.join(here, `starter/common/${name}.java`));
  if (release.starter !== undefined) sources.push(path.join(here, 'starter', release.starter, 'Starter.java'));
  return sources;
}
