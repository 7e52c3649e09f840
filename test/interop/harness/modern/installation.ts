import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, fetchRelease } from '../jar-cache.ts';
import { findJava, type JavaHome } from './java-home.ts';
import { ModernVersion } from './modern-version.ts';

/** A release from 4.0 on, on this machine, ready to run. */
export interface ModernInstallation {
  readonly version: ModernVersion;
  readonly directory: string;
  /** For `java -cp`. */
  readonly classPath: string;
  readonly java: JavaHome;
  /** Main class of the server. */
  readonly mainClass: string;
}

/** They bring `neo4j-admin` with the checker, dump and load. */
const artifacts = ['org.neo4j:neo4j', 'org.neo4j.app:neo4j-server'];
const tether = fileURLToPath(new URL('../starter/common/Tethered.java', import.meta.url));
const installed = new Map<string, Promise<ModernInstallation>>();

/** Fetches the jars of a Community release into the cache, once; a second call finds everything there. */
export function installModern(version: string): Promise<ModernInstallation> {
  let pending = installed.get(version);
  if (pending === undefined) {
    pending = prepare(new ModernVersion(version));
    installed.set(version, pending);
  }
  return pending;
}

async function prepare(version: ModernVersion): Promise<ModernInstallation> {
  const java = findJava(version);
  if (java === undefined)
    throw new Error(`no Java from ${version.java.least} to ${version.java.most} for ${version.text}`);
  const directory = await fetchRelease(version.text, artifacts);
  const jars = path.join(directory, 'lib');
  const starter = await compile(directory, jars, [tether]);
  const classPath = [starter, path.join(jars, '*')].join(path.delimiter);
  return { version, directory, classPath, java, mainClass: await findMainClass(jars, version) };
}

/** It was renamed among the releases that are named by the year. The names of the entries of a jar stand in it as they are. */
async function findMainClass(jars: string, version: ModernVersion): Promise<string> {
  const jar = await readFile(path.join(jars, `neo4j-${version.text}.jar`));
  const names = ['org.neo4j.server.Neo4jCommunity', 'org.neo4j.server.CommunityEntryPoint'];
  const name = names.find((candidate) => jar.includes(`${candidate.replaceAll('.', '/')}.class`));
  if (name === undefined) throw new Error(`no main class in the jar of ${version.text}`);
  return name;
}
