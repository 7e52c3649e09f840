import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOrThrow } from './child-process.ts';
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
const cacheRoot = process.env.GRAPHKEEP_NEO4J_CACHE ?? path.resolve(here, '../../../.cache/neo4j');
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
  const directory = path.join(cacheRoot, release.version);
  await mkdir(directory, { recursive: true });
  const jars = path.join(directory, 'lib');
  if (!existsSync(jars)) await publish(jars, (target) => fetchJars(release, target));

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

/**
 * A jar with the classes of these sources, and their service declarations (interface to class). Not a directory: its classes could not be
 * shared.
 */
async function compile(
  directory: string,
  jars: string,
  sources: readonly string[],
  services: Readonly<Record<string, string>> = {},
): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify(services));
  for (const source of sources) digest.update(await readFile(source));
  const starters = path.join(directory, `starters-${digest.digest('hex').slice(0, 12)}`);
  const jar = path.join(starters, 'starter.jar');
  if (existsSync(jar)) return jar;
  await publish(starters, async (target) => {
    const classes = path.join(target, 'classes');
    const folder = path.join(classes, 'META-INF/services');
    await mkdir(folder, { recursive: true });
    await runOrThrow('javac', ['--release', '8', '-nowarn', '-cp', path.join(jars, '*'), '-d', classes, ...sources]);
    for (const [name, implementation] of Object.entries(services)) {
      await writeFile(path.join(folder, name), `${implementation}\n`);
    }
    await runOrThrow('jar', ['cf', path.join(target, 'starter.jar'), '-C', classes, '.']);
  });
  return jar;
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

/** Fills a temporary sibling of `target` and renames it into place. */
async function publish(target: string, fill: (directory: string) => Promise<void>): Promise<void> {
  const temporary = await mkdtemp(`${target}.tmp-`);
  try {
    await fill(temporary);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}

async function fetchJars(release: Release, target: string): Promise<void> {
  const project = await mkdtemp(path.join(path.dirname(target), 'pom-'));
  try {
    await writeFile(path.join(project, 'pom.xml'), renderPom(release));
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', '-DincludeTypes=jar'];
    await runOrThrow('mvn', ['-q', '-B', ...goal, `-DoutputDirectory=${target}`], { cwd: project });
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

function renderPom(release: Release): string {
  const dependencies = release.artifacts.map((coordinates) => {
    const [group, artifact] = coordinates.split(':');
    return `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${release.version}</version></dependency>`;
  });
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    '  <modelVersion>4.0.0</modelVersion>',
    '  <groupId>graphkeep.interop</groupId><artifactId>servers</artifactId><version>1</version>',
    '  <dependencies>',
    ...dependencies,
    '  </dependencies>',
    '</project>',
    '',
  ].join('\n');
}
