import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type ErrorPlace, GraphkeepError } from '../base/errors.ts';
import { asGraphkeepError, isMissing, systemCodeOf } from '../base/file-errors.ts';
import { remedyForFile } from '../base/system-remedies.ts';
import { isKnownSetting } from './known-settings.ts';
import { decodePropertiesFile, parseProperties, placesOf, type SettingPlaces, toSettings } from './properties.ts';
import { type Setting, settings } from './settings.ts';

/** The settings that a command runs with: built-in defaults, overridden by neo4j.conf, overridden by an additional file. */
export class ClientConfig {
  /** NEO4J_HOME, absolute; the base of relative directories in the configuration. */
  readonly home: string;
  private readonly texts: ReadonlyMap<string, string>;
  private readonly places: SettingPlaces;

  /** @throws GraphkeepError `config` for the first bad value in the order of {@link settings}, then for unknown names if strict. */
  constructor(home: string, texts: ReadonlyMap<string, string> = new Map(), places: SettingPlaces = new Map()) {
    this.home = home;
    this.texts = texts;
    this.places = places;
    for (const setting of Object.values(settings)) this.get<unknown>(setting);
    if (this.get(settings.strictValidation)) this.refuseUnknownNames();
  }

  get<T>(setting: Setting<T>): T {
    const text = this.texts.get(setting.name);
    try {
      return setting.parse(text ?? setting.default);
    } catch (error) {
      throw this.badValue(setting.name, error);
    }
  }

  /** Where a setting is set, for errors about it; empty if no file sets it. */
  placeOf(name: string): { place?: ErrorPlace } {
    const place = this.places.get(name);
    return place === undefined ? {} : { place };
  }

  private badValue(name: string, cause: unknown): GraphkeepError {
    const value = (this.texts.get(name) ?? '').trim();
    const word = (reason: string) => `Bad value '${value}' for setting '${name}': ${reason}`;
    const { message, original } = asGraphkeepError(cause);
    return new GraphkeepError('config', word(message), {
      ...this.placeOf(name),
      cause,
      ...(original === undefined ? {} : { original: word(original) }),
    });
  }

  /** True if a file sets it, even to an empty value. */
  isSet(setting: Setting<unknown>): boolean {
    return this.texts.has(setting.name);
  }

  /** The text of any setting, including those without a row in the table. */
  text(name: string): string | undefined {
    return this.texts.get(name)?.trim();
  }

  /** The same configuration with some settings replaced. */
  with(texts: Iterable<readonly [string, string]>): ClientConfig {
    return new ClientConfig(this.home, new Map([...this.texts, ...texts]), this.places);
  }

  /** A configured directory as an absolute path; undefined if it is not set and has no default. */
  directory(setting: Setting<string>): string | undefined {
    const path = this.get(setting);
    return path === '' ? undefined : resolve(this.home, path);
  }

  /** `<data>/databases`. */
  get databasesDirectory(): string {
    return join(this.directory(settings.dataDirectory) ?? this.home, 'databases');
  }

  databaseDirectory(name: string): string {
    return join(this.databasesDirectory, name);
  }

  /** The transaction log directory of a database: the configured one, else the database directory. */
  transactionLogDirectory(name: string): string {
    return this.directory(settings.transactionLogDirectory) ?? this.databaseDirectory(name);
  }

  /**
   * Where the transaction logs of a directory are. Only databases of this installation keep them in the configured directory; a backup
   * holds its own.
   */
  logDirectoryOf(directory: string): string {
    const isInstalled = dirname(directory) === this.databasesDirectory;
    return isInstalled ? this.transactionLogDirectory(basename(directory)) : directory;
  }

  private refuseUnknownNames(): void {
    const known = new Set(Object.values(settings).map(({ name }) => name));
    for (const name of this.texts.keys()) {
      if (known.has(name) || isKnownSetting(name)) continue;
      throw new GraphkeepError(
        'config',
        `Unknown config option '${name}'. To resolve either remove it from your configuration or set 'dbms.config.strict_validation' to false.`,
        this.placeOf(name),
      );
    }
  }
}

export interface ConfigLocation {
  /** Working directory: the base of relative paths, and the home if NEO4J_HOME is not set. */
  cwd: string;
  home: string | undefined;
  confDirectory: string | undefined;
  additionalFile?: string | undefined;
}

/**
 * Loads the client configuration in the order of spec backup-command 2.3. A missing neo4j.conf is fine; a missing additional file is an
 * error (`config.unreadable`).
 */
export async function loadClientConfig({
  cwd,
  home,
  confDirectory,
  additionalFile,
}: ConfigLocation): Promise<ClientConfig> {
  const conf = resolve(cwd, confDirectory ?? '', 'neo4j.conf');
  const own = confDirectory || !(await isOutOfReach(conf)) ? await readSettings(conf) : NO_SETTINGS;
  const more = additionalFile ? await readAdditional(resolve(cwd, additionalFile)) : NO_SETTINGS;
  const texts = new Map([...own.texts, ...more.texts]);
  return new ClientConfig(resolve(cwd, home ?? ''), texts, new Map([...own.places, ...more.places]));
}

interface FileSettings {
  texts: ReadonlyMap<string, string>;
  places: SettingPlaces;
}

const NO_SETTINGS: FileSettings = { texts: new Map(), places: new Map() };

async function parseFile(file: string): Promise<FileSettings> {
  const properties = parseProperties(decodePropertiesFile(await readFile(file)), file);
  return { texts: toSettings(properties), places: placesOf(properties, file) };
}

/** True for a file in a directory that this user may not enter. A closed working directory counts as having no settings. */
async function isOutOfReach(file: string): Promise<boolean> {
  try {
    await stat(file);
    return false;
  } catch (error) {
    return systemCodeOf(error) === 'EACCES';
  }
}

async function readSettings(file: string): Promise<FileSettings> {
  try {
    return await parseFile(file);
  } catch (error) {
    if (isMissing(error)) return NO_SETTINGS;
    throw unreadable('config', `Could not read configuration file [${file}]`, file, error);
  }
}

async function readAdditional(file: string): Promise<FileSettings> {
  try {
    if (!(await stat(file)).isFile()) throw new Error('not a regular file');
    return await parseFile(file);
  } catch (error) {
    const message = `Could not read additional configuration from ${file}. The file either does not exist, is not a regular file, or is not readable.`;
    throw unreadable('config.unreadable', message, file, error);
  }
}

function unreadable(
  code: 'config' | 'config.unreadable',
  message: string,
  file: string,
  cause: unknown,
): GraphkeepError {
  if (cause instanceof GraphkeepError) return cause;
  const hint = remedyForFile(systemCodeOf(cause), file);
  return new GraphkeepError(code, message, {
    observed: cause instanceof Error ? cause.message : String(cause),
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
