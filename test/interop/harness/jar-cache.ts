import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOrThrow } from './child-process.ts';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Where the jars of all releases are kept between runs. */
export const cacheRoot = process.env.GRAPHKEEP_NEO4J_CACHE ?? path.resolve(here, '../../../.cache/neo4j');

/**
 * The jars of these artifacts and of all that they need, in `lib` below a directory of the cache, which is returned.
 * @param coordinates group:artifact, without version
 */
export async function fetchRelease(version: string, coordinates: readonly string[]): Promise<string> {
  const directory = path.join(cacheRoot, version);
  await mkdir(directory, { recursive: true });
  const jars = path.join(directory, 'lib');
  if (!existsSync(jars)) await publish(jars, (target) => fetchJars(version, coordinates, target));
  return directory;
}

/**
 * A jar with the classes of these sources, and their service declarations (interface to class). Not a directory: its classes could not be
 * shared.
 */
export async function compile(
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
    await runOrThrow('javac', [
      '--release',
      '8',
      '-nowarn',
      '-proc:none',
      '-cp',
      path.join(jars, '*'),
      '-d',
      classes,
      ...sources,
    ]);
    for (const [name, implementation] of Object.entries(services)) {
      await writeFile(path.join(folder, name), `${implementation}\n`);
    }
    await runOrThrow('jar', ['cf', path.join(target, 'starter.jar'), '-C', classes, '.']);
  });
  return jar;
}

/** Fills a temporary sibling of `target` and renames it into place. */
export async function publish(target: string, fill: (directory: string) => Promise<void>): Promise<void> {
  const temporary = await mkdtemp(`${target}.tmp-`);
  try {
    await fill(temporary);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}

async function fetchJars(version: string, coordinates: readonly string[], target: string): Promise<void> {
  const project = await mkdtemp(path.join(path.dirname(target), 'pom-'));
  try {
    await writeFile(path.join(project, 'pom.xml'), renderPom(version, coordinates));
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', '-DincludeTypes=jar'];
    await runOrThrow('mvn', ['-q', '-B', ...goal, `-DoutputDirectory=${target}`], { cwd: project });
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

function renderPom(version: string, artifacts: readonly string[]): string {
  const dependencies = artifacts.map((coordinates) => {
    const [group, artifact] = coordinates.split(':');
    return `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
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
