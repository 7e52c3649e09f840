import { basename, dirname, join } from 'node:path';
import { statIfExists } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { type ClientConfig, loadClientConfig } from './neo4j-conf.ts';
import { settings } from './settings.ts';

/** A database in the directories of a server. Absolute paths. */
export interface DatabaseLocation {
  directory: string;
  /** Equal to {@link directory} unless `dbms.directories.tx_log` says otherwise. */
  logDirectory: string;
}

/** A database, and the configuration of the server that it belongs to. */
export interface ServerLocation extends DatabaseLocation {
  config: ClientConfig;
  /** The neo4j.conf that was found near the path; undefined if there is none, or if the user has named one. */
  configFile: string | undefined;
}

/** What the user has said about the configuration of a server. */
export interface GivenConfig {
  config: ClientConfig;
  /** The user named it; else the neo4j.conf near a database comes first. */
  isNamed: boolean;
}

/** Any database directory of 3.x has it. */
const KEY_FILE = 'neostore';

/**
 * Finds the database that a user means by a path: the home of a server, its data directory, or the directory of the database itself. Which
 * database, and where its logs are, says the neo4j.conf of that server: `given` if the user named one, else the one found near the path.
 * @throws GraphkeepError `backup.missing` if there is no database, `store.format` for later releases, `config` for a bad neo4j.conf
 */
export async function locateDatabase(path: string, given: GivenConfig): Promise<DatabaseLocation> {
  const { directory, logDirectory } = await locateServer(path, given);
  return { directory, logDirectory };
}

/** The same, with the configuration. Throws what {@link locateDatabase} throws. */
export async function locateServer(path: string, given: GivenConfig): Promise<ServerLocation> {
  if (await exists(join(path, KEY_FILE))) {
    const found = await configOf(homeOfDatabase(path), given);
    const isInstalled = given.isNamed || basename(dirname(path)) === 'databases';
    return { ...found, directory: path, logDirectory: isInstalled ? logsOf(path, found.config) : path };
  }
  if (await exists(join(path, 'databases'))) {
    return await databaseIn(join(path, 'databases'), await configOf(dirname(path), given), path);
  }
  if (!(await isHome(path))) throw noDatabase(path, path);
  const found = await configOf(path, given);
  const isDefault = found.configFile === undefined && !given.isNamed;
  const databases = isDefault ? join(path, 'data', 'databases') : found.config.databasesDirectory;
  return await databaseIn(databases, found, path);
}

type FoundConfig = Pick<ServerLocation, 'config' | 'configFile'>;

async function databaseIn(databases: string, found: FoundConfig, path: string): Promise<ServerLocation> {
  const directory = join(databases, found.config.get(settings.activeDatabase));
  if (!(await exists(join(directory, KEY_FILE)))) {
    throw (await exists(join(dirname(databases), 'transactions'))) ? laterRelease(path) : noDatabase(directory, path);
  }
  return { ...found, directory, logDirectory: logsOf(directory, found.config) };
}

async function configOf(home: string, { config, isNamed }: GivenConfig): Promise<FoundConfig> {
  const confDirectory = join(home, 'conf');
  const configFile = join(confDirectory, 'neo4j.conf');
  if (isNamed || !(await exists(configFile))) return { config, configFile: undefined };
  return { config: await loadClientConfig({ cwd: home, home, confDirectory }), configFile };
}

/**
 * The configuration of the server to which a path for {@link locateDatabase} leads, whether there is a database or not: `given` if the user
 * named one, else the neo4j.conf near the path, else `given`.
 * @throws GraphkeepError `config` for a bad neo4j.conf
 */
export async function findServerConfig(path: string, given: GivenConfig): Promise<ClientConfig> {
  return (await configOf(await homeOf(path), given)).config;
}

/** The home of the server that a path means; a database or data directory that does not exist yet is recognized by its name. */
async function homeOf(path: string): Promise<string> {
  const isDatabase = basename(dirname(path)) === 'databases' || (await exists(join(path, KEY_FILE)));
  if (isDatabase) return homeOfDatabase(path);
  const isData = basename(path) === 'data' || (await exists(join(path, 'databases')));
  return isData ? dirname(path) : path;
}

function logsOf(directory: string, config: ClientConfig): string {
  return config.directory(settings.transactionLogDirectory) ?? directory;
}

/** `<home>/data/databases/<name>` is where servers keep databases. */
function homeOfDatabase(directory: string): string {
  return dirname(dirname(dirname(directory)));
}

/** Whatever the configuration says: another database than the one that the path leads to must not be taken. */
async function isHome(path: string): Promise<boolean> {
  const found = await Promise.all(['data', 'conf', 'bin', 'lib'].map((name) => exists(join(path, name))));
  return found.includes(true);
}

function noDatabase(directory: string, path: string): GraphkeepError {
  return new GraphkeepError('backup.missing', `no database was found by the path ${path}`, {
    place: { file: directory },
    observed: `no file ${KEY_FILE}`,
    hint: 'Name the home of the server, its data directory, or the directory of the database. dbms.active_database says which database.',
  });
}

/** They keep the logs of all databases in a directory of their own. */
function laterRelease(path: string): GraphkeepError {
  return new GraphkeepError('store.format', 'these are databases of a release after 3.5', {
    place: { file: path },
    hint: 'Their servers are backed up by graphkeep backup --from=file:<path> --repo=<repository> (docs/modern-servers.md).',
  });
}

async function exists(path: string): Promise<boolean> {
  return (await statIfExists(path)) !== undefined;
}
