import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GraphkeepError } from '../../../base/errors.ts';
import { atFile } from '../../../base/file-errors.ts';
import { type Environment, findJava, type Java } from './java-program.ts';
import { ServerRelease } from './server-release.ts';

/** A server that is installed on this machine. Nothing in its home is ever written. */
export interface ServerHome {
  readonly directory: string;
  readonly release: ServerRelease;
  /** The name of its main class. */
  readonly mainClass: string;
  readonly isEnterprise: boolean;
  /** What runs it. */
  readonly java: Java;
  readonly env: Environment;
}

/** `neo4j-kernel-5.26.30.jar`, but not `neo4j-kernel-api-5.26.30.jar`. */
const KERNEL = /^neo4j-kernel-(\d+\.\d+(?:[.-][\w.-]+)?)\.jar$/;
/** Jars that may have the main class. */
const WITH_MAIN = /^neo4j-(\d|.*enterprise).*\.jar$/;
/** The class was renamed among the releases that are named by the year. Names of entries stand in a jar as they are. */
const MAIN =
  /(?:com|org)\/neo4j\/(?:\w+\/)*(Neo4jEnterprise|EnterpriseEntryPoint|Neo4jCommunity|CommunityEntryPoint)(?=\.class)/g;
const ORDER = ['Neo4jEnterprise', 'EnterpriseEntryPoint', 'Neo4jCommunity', 'CommunityEntryPoint'];

/**
 * Looks what a home holds, and for a Java that runs it.
 * @throws GraphkeepError `server.home`, `server.java`, `cancelled`
 */
export async function openServerHome(directory: string, env: Environment, signal: AbortSignal): Promise<ServerHome> {
  const lib = join(directory, 'lib');
  const jars = await listJars(directory, lib);
  const version = jars.map((jar) => KERNEL.exec(jar)?.[1]).find((found) => found !== undefined);
  if (version === undefined) throw noHome(directory, 'no neo4j-kernel-<version>.jar in lib');
  const release = new ServerRelease(version);
  if (!release.isFrom(4, 2)) throw noHome(directory, `Neo4j ${version}: drills need no server before 4.2`);
  const main = await findMainClass(lib, jars);
  if (main === undefined) throw noHome(directory, `no main class of a server in lib, of Neo4j ${version}`);
  const java = await findJava(directory, release, env, signal);
  return { directory, release, ...main, java, env };
}

async function listJars(directory: string, lib: string): Promise<string[]> {
  try {
    return (await readdir(lib)).sort();
  } catch (cause) {
    throw noHome(directory, 'no directory lib that can be read', cause);
  }
}

async function findMainClass(
  lib: string,
  jars: readonly string[],
): Promise<Pick<ServerHome, 'mainClass' | 'isEnterprise'> | undefined> {
  const found = new Map<string, string>();
  for (const jar of jars.filter((name) => WITH_MAIN.test(name))) {
    const path = join(lib, jar);
    const text = await atFile('read the file', path, () => readFile(path, 'latin1'));
    for (const [name, simple] of text.matchAll(MAIN)) found.set(simple!, name.replaceAll('/', '.'));
  }
  const simple = ORDER.find((each) => found.has(each));
  if (simple === undefined) return undefined;
  return { mainClass: found.get(simple)!, isEnterprise: simple.includes('Enterprise') };
}

function noHome(directory: string, observed: string, cause?: unknown): GraphkeepError {
  const place = { file: directory };
  return new GraphkeepError('server.home', 'this is not the home of a server of 4.2 or later', {
    place,
    observed,
    cause,
  });
}
