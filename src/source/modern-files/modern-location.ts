import { basename, dirname, join, resolve } from 'node:path';
import { listIfExists } from '../../base/directory-names.ts';
import { statIfExists } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { readServerSettings, ServerSettings } from '../../config/server-settings.ts';
import type { DirectorySettings } from '../../generation/generation.ts';
import { RECOVERED_GENERATIONS } from '../../generation/recovered-generations.ts';
import { METADATA_FILE } from '../../store/files/store-files.ts';

/** A database of a server of 4.2 or later. Absolute paths. */
export interface ModernDatabase {
  readonly name: string;
  readonly directory: string;
  readonly logDirectory: string;
  /** The server opens it; else it is left from an earlier name, or of a server with another configuration. */
  readonly isServed: boolean;
}

/** Where a server of 4.2 or later keeps its databases. */
export interface ModernLocation {
  readonly dataDirectory: string;
  /** The neo4j.conf that was read; undefined if there is none. */
  readonly configFile: string | undefined;
  readonly settings: ServerSettings;
  /** In the order of their names; only the one that was named if the path is that of a database. */
  readonly databases: readonly ModernDatabase[];
}

export const SYSTEM_DATABASE = 'system';
/** What a server calls the database of its users, if nobody says otherwise. */
export const DEFAULT_DATABASE = 'neo4j';

/**
 * Finds the databases that a user means by a path: the home of a server, its data directory (that is `/data` of a container), or the
 * directory of one database. The neo4j.conf of the server says where logs are, under names that differ between releases (spec modern-stores
 * 3): `configFile` if the user named one, else the one beside the data directory.
 *
 * @throws GraphkeepError `backup.missing` if there is no database, `config`, `config.unreadable`, `file.io`
 */
export async function locateModernDatabases(path: string, configFile?: string): Promise<ModernLocation> {
  const start = resolve(path);
  if (await isDatabase(start)) return await locateOne(start, configFile);
  if (await exists(join(start, 'databases'))) return await locateAll(start, await configOf(dirname(start), configFile));
  const config = await configOf(start, configFile);
  const data = settingOf(config.settings, 'data');
  return await locateAll(resolve(start, data ?? 'data'), config);
}

/**
 * Those of the databases at a path that are meant: the one of this name, all with `*`, or by default those that the server opens, which are
 * the one of its users and `system`.
 * @throws GraphkeepError `backup.missing`
 */
export function chooseModernDatabases(
  all: readonly ModernDatabase[],
  wanted: string | undefined,
  path: string,
): readonly ModernDatabase[] {
  if (wanted === '*') return all;
  if (all.length === 1 && wanted === undefined) return all;
  const chosen = all.filter(({ name, isServed }) => (wanted === undefined ? isServed : name === wanted));
  if (chosen.length > 0) return chosen.sort((one) => (one.name === SYSTEM_DATABASE ? 1 : -1));
  throw new GraphkeepError('backup.missing', `there is no database '${wanted ?? 'that the server opens'}'`, {
    place: { file: path },
    observed: `there is ${all.map(({ name }) => name).join(', ')}`,
    hint: 'Give --database with one of these names.',
  });
}

/**
 * Where the server with this home keeps a database, whether it is there or not.
 * @throws GraphkeepError `config`, `config.unreadable`, `file.io`
 */
export async function placeInServer(home: string, name: string): Promise<ModernDatabase> {
  const start = resolve(home);
  const { settings } = await configOf(start, undefined);
  const dataDirectory = resolve(start, settingOf(settings, 'data') ?? 'data');
  return describe(name, join(dataDirectory, 'databases', name), dataDirectory, settings);
}

async function locateOne(directory: string, configFile: string | undefined): Promise<ModernLocation> {
  const isInstalled = basename(dirname(directory)) === 'databases';
  const dataDirectory = isInstalled ? dirname(dirname(directory)) : dirname(directory);
  const config = await configOf(dirname(dataDirectory), configFile);
  const database = describe(basename(directory), directory, dataDirectory, config.settings);
  // A copy of a database outside of any server has its log beside it.
  const logDirectory = isInstalled ? database.logDirectory : directory;
  return {
    dataDirectory,
    configFile: config.file,
    settings: config.settings,
    databases: [{ ...database, logDirectory }],
  };
}

async function locateAll(dataDirectory: string, config: FoundConfig): Promise<ModernLocation> {
  const folder = join(dataDirectory, 'databases');
  const databases: ModernDatabase[] = [];
  for (const name of (await listIfExists(folder)).sort()) {
    const directory = join(folder, name);
    if (await isDatabase(directory)) databases.push(describe(name, directory, dataDirectory, config.settings));
  }
  if (databases.length > 0) return { dataDirectory, configFile: config.file, settings: config.settings, databases };
  throw new GraphkeepError('backup.missing', 'there is no database of a server of 4.2 or later', {
    place: { file: folder },
    observed: `no directory with a file ${METADATA_FILE}`,
    hint: 'Name the home of the server, its data directory, or the directory of the database.',
  });
}

function describe(name: string, directory: string, dataDirectory: string, settings: ServerSettings): ModernDatabase {
  const logRoot = resolve(dataDirectory, settingOf(settings, 'transactionLogs') ?? 'transactions');
  const served = [SYSTEM_DATABASE, settingOf(settings, 'defaultDatabase') ?? DEFAULT_DATABASE];
  // Names of databases are not case-sensitive; their folders have small letters.
  const isServed = served.some((each) => each.toLowerCase() === name);
  return { name, directory, logDirectory: join(logRoot, name), isServed };
}

/** A server of 5 or later still understands the older name of a setting, if the newer one is not set. */
function settingOf(settings: ServerSettings, setting: keyof DirectorySettings): string | undefined {
  return settings.first(RECOVERED_GENERATIONS.map(({ directories }) => directories[setting]));
}

interface FoundConfig {
  readonly settings: ServerSettings;
  readonly file: string | undefined;
}

async function configOf(home: string, named: string | undefined): Promise<FoundConfig> {
  const file = named ?? join(home, 'conf', 'neo4j.conf');
  const settings = await readServerSettings(file);
  if (settings !== undefined) return { settings, file };
  if (named === undefined) return { settings: new ServerSettings(), file: undefined };
  throw new GraphkeepError('config.unreadable', 'there is no such configuration file', { place: { file } });
}

async function isDatabase(directory: string): Promise<boolean> {
  return await exists(join(directory, METADATA_FILE));
}

async function exists(path: string): Promise<boolean> {
  return (await statIfExists(path)) !== undefined;
}
