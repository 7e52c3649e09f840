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

/** Any database directory of 3.x has it. */
const KEY_FILE = 'neostore';

/**
 * Finds the database that a user means by a path: the home of a server, its data directory, or the directory of the database itself. Which
 * database, and where its logs are, says the neo4j.conf of that server: `given` if the user named one, else the one found near the path.
 * @throws GraphkeepError `backup.missing` if there is no database, `config` for a bad neo4j.conf
 */
export async function locateDatabase(
  path: string,
  { config: given, isNamed }: { config: ClientConfig; isNamed: boolean },
): Promise<DatabaseLocation> {
  const configOf = async (home: string) => (isNamed ? given : ((await readConfigBelow(home)) ?? given));
  if (await exists(join(path, KEY_FILE))) {
    const config = await configOf(homeOfDatabase(path));
    const logDirectory = isNamed || basename(dirname(path)) === 'databases' ? logsOf(path, config) : path;
    return { directory: path, logDirectory };
  }
  if (await exists(join(path, 'databases'))) {
    const config = await configOf(dirname(path));
    const directory = join(path, 'databases', config.get(settings.activeDatabase));
    await requireDatabase(directory, path);
    return { directory, logDirectory: logsOf(directory, config) };
  }
  if (!(await isHome(path))) throw noDatabase(path, path);
  const config = await configOf(path);
  const databases = config === given && !isNamed ? join(path, 'data', 'databases') : config.databasesDirectory;
  const directory = join(databases, config.get(settings.activeDatabase));
  await requireDatabase(directory, path);
  return { directory, logDirectory: logsOf(directory, config) };
}

function logsOf(directory: string, config: ClientConfig): string {
  return config.directory(settings.transactionLogDirectory) ?? directory;
}

/** `<home>/data/databases/<name>` is where servers keep databases. */
function homeOfDatabase(directory: string): string {
  return dirname(dirname(dirname(directory)));
}

async function readConfigBelow(home: string): Promise<ClientConfig | undefined> {
  const confDirectory = join(home, 'conf');
  if (!(await exists(join(confDirectory, 'neo4j.conf')))) return undefined;
  return await loadClientConfig({ cwd: home, home, confDirectory });
}

async function requireDatabase(directory: string, path: string): Promise<void> {
  if (!(await exists(join(directory, KEY_FILE)))) throw noDatabase(directory, path);
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

async function exists(path: string): Promise<boolean> {
  return (await statIfExists(path)) !== undefined;
}
