import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Dice } from '../src/base/dice.ts';
import { StoreWriter } from '../src/store/build/store-writer.ts';
import type { IndexProvider } from '../src/store/graph/schema-rule.ts';
import type { KeyedValue } from '../src/store/values/property-chain.ts';
import {
  awaitIndexes,
  copyStore,
  type RunningServer,
  startServer,
  type Version,
} from '../test/interop/harness/index.ts';

/** Part of the name in the cache: stores of an older generator are not used. */
const GENERATOR = 'v1';
const SEED = 20181022;
const HUBS = 1000;
const POPULATION_TIMEOUT_MS = 3_600_000;

/** The release of the Java client, and of the server that it backs up. */
export const javaVersion = '3.4.9';

export interface StoreFixture {
  /** A cleanly closed `graph.db` with populated indexes. */
  readonly directory: string;
  readonly nodes: number;
  readonly relationships: number;
}

/** The provider of the indexes that a release creates. */
const providers = {
  '3.4.9': { key: 'lucene+native', version: '2.0' },
  '3.5.34': { key: 'native-btree', version: '1.0' },
} as const;

/** A release that fixtures are made for. */
export type FixtureVersion = keyof typeof providers & Version;

/**
 * The store of this size for the server of `version`, from the cache or made now: we write it, then the real server opens it once and
 * populates the indexes.
 */
export function openFixture(
  cacheDir: string,
  nodes: number,
  relationships: number,
  version: FixtureVersion = javaVersion,
): Promise<StoreFixture> {
  const generator = version === javaVersion ? GENERATOR : `${GENERATOR}-${version}`;
  return openCached(cacheDir, generator, { nodes, relationships }, async (making, directory) => {
    await writeStore(directory, nodes, relationships, providers[version]);
    await populateIndexes(making, version);
  });
}

/** A store from the cache. If it is missing, `make` makes it in `directory` below `making`, and it enters the cache by one rename. */
export async function openCached(
  cacheDir: string,
  generator: string,
  size: Omit<StoreFixture, 'directory'>,
  make: (making: string, directory: string) => Promise<void>,
): Promise<StoreFixture> {
  const home = path.join(cacheDir, `${generator}-${size.nodes}-${size.relationships}`);
  const directory = path.join(home, 'graph.db');
  if (existsSync(directory)) return { directory, ...size };
  const making = `${home}.making-${process.pid}`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { recursive: true });
  try {
    await make(making, path.join(making, 'graph.db'));
    await rename(making, home);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return { directory, ...size };
}

/**
 * People with a name and a number, both indexed; two in five have a text of some hundred characters. Half of the relationships have a
 * property, and one in ten ends at one of the {@link HUBS}.
 */
async function writeStore(
  directory: string,
  nodes: number,
  relationships: number,
  provider: IndexProvider,
): Promise<void> {
  const dice = new Dice(SEED);
  const store = new StoreWriter(directory, { provider });
  const person = store.label('Person');
  const customer = store.label('Customer');
  const types = ['KNOWS', 'LIKES', 'PAID'].map((name) => store.relationshipType(name));
  const [name, number, text, since] = ['name', 'number', 'text', 'since'].map((key) => store.propertyKey(key)) as [
    number,
    number,
    number,
    number,
  ];
  for (let i = 0; i < nodes; i++) {
    const properties: KeyedValue[] = [
      { key: name, value: { type: 'string', value: `person ${i.toString(36)}` } },
      { key: number, value: { type: 'long', value: BigInt(dice.between(0, 1_000_000_000)) } },
    ];
    if (i % 5 < 2) properties.push({ key: text, value: { type: 'string', value: makeText(dice) } });
    store.addNode({ labels: i % 3 === 0 ? [person, customer] : [person], properties });
  }
  for (let i = 0; i < relationships; i++) {
    const end = dice.between(0, (i % 10 === 0 ? Math.min(HUBS, nodes) : nodes) - 1);
    store.addRelationship({
      type: types[i % types.length]!,
      start: dice.between(0, nodes - 1),
      end,
      ...(i % 2 === 0 ? { properties: [{ key: since, value: { type: 'int', value: i } }] } : {}),
    });
  }
  const indexOn = (key: number) =>
    store.addIndex({ entity: 'node', entityTokens: [person], propertyKeys: [key], multi: false });
  indexOn(name);
  indexOn(number);
  await store.finish();
}

const phrases = [
  'the quick brown fox ',
  'jumps over ',
  'a lazy dog ',
  'and Ö dän ',
  'never Comes back; ',
  '2018-10-22 ',
];

function makeText(dice: Dice): string {
  const length = dice.between(120, 480);
  let text = '';
  while (text.length < length) text += dice.pick(phrases);
  return text;
}

async function populateIndexes(making: string, version: FixtureVersion): Promise<void> {
  const home = path.join(making, 'server');
  const databases = path.join(home, 'data/databases');
  await mkdir(databases, { recursive: true });
  await rename(path.join(making, 'graph.db'), path.join(databases, 'graph.db'));
  const server = await serveStore(home, version);
  await awaitIndexes(server, POPULATION_TIMEOUT_MS);
  const { rows } = await server.cypher('CALL db.indexes() YIELD description, state RETURN state');
  await server.stop();
  if (rows.length !== 2 || rows.some(([state]) => state !== 'ONLINE')) {
    throw new Error(`the indexes of the store are not online: ${JSON.stringify(rows)}`);
  }
  await rename(server.storeDirectory, path.join(making, 'graph.db'));
  await rm(home, { recursive: true, force: true });
}

/** Undoes the harness's JVM flags: the JVM's own choices on a machine with two or more cores, and a quarter of the memory. */
export const stockJvm = {
  _JAVA_OPTIONS: `-XX:-UseSerialGC -XX:+UseG1GC -XX:TieredStopAtLevel=4 -Xmx${Math.floor(os.totalmem() / 4 / 1024 / 1024)}m`,
};

/**
 * Starts a server like one that runs for long: every compiler tier, and enough memory for the store, so that its cache misses are not
 * measured.
 */
export async function serveStore(
  home: string,
  version: FixtureVersion = javaVersion,
  conf: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const { _JAVA_OPTIONS: before } = process.env;
  Object.assign(process.env, stockJvm);
  try {
    return await startServer({
      version,
      home,
      conf: { 'dbms.memory.pagecache.size': '2g', ...conf },
      startTimeoutMs: 900_000,
    });
  } finally {
    if (before === undefined) delete process.env._JAVA_OPTIONS;
    else process.env._JAVA_OPTIONS = before;
  }
}

/** Puts a copy of the fixture into the home of a server. */
export async function copyFixture(fixture: StoreFixture, home: string): Promise<void> {
  await copyStore(fixture.directory, path.join(home, 'data/databases/graph.db'));
}

/** Serves a copy of the fixture, so that the cached one stays as it is. */
export async function serveFixture(fixture: StoreFixture, home: string) {
  await copyFixture(fixture, home);
  return await serveStore(home);
}

/** Bytes of all files below a directory. */
export async function sizeOfDirectory(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(path.join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}
