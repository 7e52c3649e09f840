import { GraphkeepError } from '../../base/errors.ts';
import { keyOf, type NativeCommandRow, retention } from '../command-table.ts';
import { type Given, SEVERAL } from '../given-values.ts';
import type { ConfigFile } from './config-file.ts';
import { REPOSITORY_NAME, settableOptions } from './config-schema.ts';
import { nearestName } from './nearest-name.ts';
import type { Layer, Settled } from './option-layers.ts';
import type { Path } from './yaml-tree.ts';

/** What a configuration file says to a command: layers, the first of which counts most, once for each repository that is meant. */
export interface FileOptions {
  readonly repositories: readonly { readonly places: Places; readonly layers: readonly Layer[] }[];
  /** The name of the database in the repositories, in place of the one that chose it. */
  readonly database: string | undefined;
  /** True if the name has only chosen the entry: its backups go into a directory, which has no use for one. */
  readonly dropsName: boolean;
}

/** What the names of repositories stand for, by the options that have them: `repo`, and `to-repo` of a copy. */
type Places = Readonly<Record<string, string>>;

/**
 * Finds what the file says. `above`: what counts more.
 * @throws GraphkeepError `usage` if the file has no such database or repository, or not one that could be meant
 */
export function readFileOptions(config: ConfigFile, command: NativeCommandRow, above: Settled): FileOptions {
  const { given } = above;
  const repo = command.options.find(({ name }) => name === 'repo');
  const own: Path = ['commands', command.name];
  const general = layerOf(config, own, config.optionsAt(own, settableOptions(command)));
  if (repo === undefined) {
    return { repositories: [{ places: {}, layers: [general] }], database: undefined, dropsName: false };
  }
  const isElsewhere = repo.excludes?.some((name) => name !== 'follow' && name in given) === true;
  const isBackup = command.name === 'backup' || command.name === 'doctor';
  const name = isElsewhere && !isBackup ? undefined : given.database;
  const entry = typeof name === 'string' ? config.database(name) : undefined;
  if (entry === undefined) refuseOtherDatabase(config, command, given, isElsewhere);
  const path: Path = ['databases', String(name)];
  const single = entry === undefined ? [] : [layerOf(config, path, databaseOptions(config, command, path))];
  const chosen = isElsewhere
    ? []
    : typeof given.repo === 'string'
      ? given.repo.split(SEVERAL)
      : ((entry?.repositories as readonly string[] | undefined) ?? []);
  if (chosen.length > 1 && !isBackup) {
    const message = `the database '${name}' is in ${chosen.length} repositories: choose one with --repo`;
    throw new GraphkeepError('usage', `${message}=${chosen.join('|')}`);
  }
  const repositories = chosen.map((place) => readRepository(config, command, 'repo', place));
  const { 'to-repo': target } = given;
  const others = typeof target === 'string' ? [readRepository(config, command, 'to-repo', target)] : [];
  const layers = [...others.map(({ layer }) => layer), ...single, general];
  const places = Object.assign({}, ...others.map((other) => other.places));
  return {
    repositories:
      repositories.length === 0
        ? [{ places, layers }]
        : repositories.map((one) => ({ places: { ...places, ...one.places }, layers: [one.layer, ...layers] })),
    database: entry?.database,
    dropsName: isBackup && entry !== undefined && chosen.length === 0,
  };
}

/** `keys`: where below `path` an option is set, if not by its own name. */
function layerOf(
  config: ConfigFile,
  path: Path,
  given: Given,
  keys: (option: string) => Path = (option) => [keyOf(option)],
): Layer {
  return { given, originOf: (option) => ({ place: config.placeOf([...path, ...keys(option)]) }), isFile: true };
}

/** What the entry of a database sets: all that a backup needs; a doctor waits less long, and a restore only needs the name. */
function databaseOptions(config: ConfigFile, command: NativeCommandRow, path: Path): Given {
  if (command.name === 'backup') return config.optionsAt(path, settableOptions(command));
  if (command.name === 'doctor') {
    const rows = settableOptions(command).filter(({ name }) => name !== 'timeout');
    return config.optionsAt(path, rows);
  }
  const name = config.database(String(path[1]))?.database;
  return command.name === 'restore' && name !== undefined ? { 'source-database': name } : {};
}

/** What a repository of the file stands for; any other place is left as it is. `option`: the one that names it. */
function readRepository(
  config: ConfigFile,
  command: NativeCommandRow,
  option: 'repo' | 'to-repo',
  place: string,
): { places: Places; layer: Layer } {
  const entry = config.repository(place);
  if (entry === undefined) {
    refuseOtherRepository(config, place);
    return { places: { [option]: place }, layer: { given: {}, originOf: () => undefined } };
  }
  const path: Path = ['repositories', place];
  const { credentials, encryption: { recipients, identity, passphrase } = {} } = entry;
  const url = config.urlOf(entry);
  const prefix = option.slice(0, -'repo'.length);
  const access = { [option]: url, ...commandOption(`${prefix}credentials-command`, credentials?.command) };
  const given =
    option === 'to-repo'
      ? access
      : {
          ...access,
          ...(recipients === undefined ? {} : { recipients: recipients.join(',') }),
          ...secretOption(config, 'identity', identity),
          ...secretOption(config, 'passphrase-file', passphrase),
          ...config.optionsAt([...path, 'retention'], retention),
        };
  const names = new Set(command.options.map(({ name }) => name));
  const known = Object.fromEntries(Object.entries(given).filter(([name]) => names.has(name)));
  const keys = (name: string) => keysOfRepository(name.slice(prefix.length));
  return { places: { [option]: url }, layer: layerOf(config, path, known, keys) };
}

/** Where the entry of a repository has what an option says. */
function keysOfRepository(option: string): Path {
  if (option === 'repo') return ['url'];
  if (option === 'credentials-command') return ['credentials'];
  if (option === 'recipients') return ['encryption', 'recipients'];
  const [, secret] = /^(identity|passphrase)/.exec(option) ?? [];
  return secret === undefined ? ['retention', keyOf(option)] : ['encryption', secret];
}

type Secret = { readonly file: string } | { readonly command: readonly string[] } | undefined;

function secretOption(config: ConfigFile, option: string, secret: Secret): Given {
  if (secret === undefined) return {};
  if ('file' in secret) return { [option]: config.pathOf(secret.file) };
  return commandOption(`${option.replace(/-file$/, '')}-command`, secret.command);
}

function commandOption(option: string, words: readonly string[] | undefined): Given {
  return words === undefined ? {} : { [option]: JSON.stringify(words) };
}

/** With a configuration file, what looks like the name of a repository is one: a folder is written with a slash. */
function refuseOtherRepository(config: ConfigFile, place: string): void {
  const names = config.repositoryNames;
  if (names.length === 0 || !REPOSITORY_NAME.test(place)) return;
  throw notThere(config, 'repository', place, names, `A folder of that name is written ./${place}.`);
}

/** A backup must not ask this machine, as it does by default, because a name was forgotten or mistyped. */
function refuseOtherDatabase(config: ConfigFile, command: NativeCommandRow, given: Given, isElsewhere: boolean): void {
  const names = config.databaseNames;
  const { database, repo, from } = given;
  if (names.length === 0) return;
  if (command.name === 'backup') {
    const isConfigured = repo === undefined ? !isElsewhere : config.repository(String(repo)) !== undefined;
    if (from !== undefined && (repo !== undefined || isElsewhere)) return;
    if (typeof database === 'string')
      throw notThere(
        config,
        'database',
        database,
        names,
        'Correct --database, or say with --from and --repo or --to what goes where.',
      );
    if (isConfigured) {
      throw new GraphkeepError('usage', `which database? Give --database=<name>: there is ${names.join(', ')}`, {
        place: { file: config.file },
        hint: 'Give --database with one of these names, or say with --from and --repo or --to what goes where.',
      });
    }
  } else if (typeof database === 'string' && repo === undefined && !isElsewhere && from === undefined) {
    throw notThere(config, 'database', database, names, 'Correct --database, or give --repo.');
  }
}

function notThere(
  { file }: ConfigFile,
  what: string,
  name: string,
  names: readonly string[],
  hint: string,
): GraphkeepError {
  const nearest = nearestName(name, names);
  const proposal = nearest === undefined ? `there is ${names.join(', ')}` : `did you mean '${nearest}'?`;
  const message = `there is no ${what} '${name}' in the configuration file; ${proposal}`;
  return new GraphkeepError('usage', message, { place: { file }, hint });
}
