import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GraphkeepError } from '../base/errors.ts';
import { isMissing } from '../base/file-errors.ts';
import { isKnownSetting } from './known-settings.ts';
import { decodePropertiesFile, parseProperties, toSettings } from './properties.ts';
import { type Setting, settings } from './settings.ts';

/** The settings a command runs with: the built-in defaults, overridden by neo4j.conf, overridden by an additional file. */
export class ClientConfig {
  /** NEO4J_HOME, absolute; relative directories of the configuration begin here. */
  readonly home: string;
  private readonly texts: ReadonlyMap<string, string>;

  /** @throws GraphkeepError `config` for the first bad value, in the order of {@link settings}, then for unknown names if strict. */
  constructor(home: string, texts: ReadonlyMap<string, string> = new Map()) {
    this.home = home;
    this.texts = texts;
    for (const setting of Object.values(settings)) this.get<unknown>(setting);
    if (this.get(settings.strictValidation)) this.refuseUnknownNames();
  }

  get<T>(setting: Setting<T>): T {
    const text = this.texts.get(setting.name);
    try {
      return setting.parse(text ?? setting.default);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new GraphkeepError(
        'config',
        `Bad value '${(text ?? '').trim()}' for setting '${setting.name}': ${reason}`,
        { cause: error },
      );
    }
  }

  /** True if a file sets it, even to an empty text. */
  isSet(setting: Setting<unknown>): boolean {
    return this.texts.has(setting.name);
  }

  /** The text of any setting, also of one that graphkeep has no table row for. */
  text(name: string): string | undefined {
    return this.texts.get(name)?.trim();
  }

  /** The same configuration with some settings replaced. */
  with(texts: Iterable<readonly [string, string]>): ClientConfig {
    return new ClientConfig(this.home, new Map([...this.texts, ...texts]));
  }

  /** A directory of the configuration as an absolute path; undefined if it is not set and has no default. */
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

  /** Where the transaction logs of a database are: the configured directory, else the database directory. */
  transactionLogDirectory(name: string): string {
    return this.directory(settings.transactionLogDirectory) ?? this.databaseDirectory(name);
  }

  private refuseUnknownNames(): void {
    const known = new Set(Object.values(settings).map(({ name }) => name));
    for (const name of this.texts.keys()) {
      if (known.has(name) || isKnownSetting(name)) continue;
      throw new GraphkeepError(
        'config',
        `Unknown config option '${name}'. To resolve either remove it from your configuration or set 'dbms.config.strict_validation' to false.`,
      );
    }
  }
}

export interface ConfigLocation {
  /** Working directory: the home if NEO4J_HOME is not set, the base of relative paths. */
  cwd: string;
  home: string | undefined;
  confDirectory: string | undefined;
  additionalFile?: string | undefined;
}

/**
 * Loads the configuration of a client in the order of spec backup-command 2.3. A missing neo4j.conf is not an error, a missing
 * additional file is one (`config.unreadable`).
 */
export async function loadClientConfig({
  cwd,
  home,
  confDirectory,
  additionalFile,
}: ConfigLocation): Promise<ClientConfig> {
  const conf = resolve(cwd, confDirectory ?? '', 'neo4j.conf');
  const texts = new Map([
    ...(await readSettings(conf)),
    ...(additionalFile ? await readAdditional(resolve(cwd, additionalFile)) : []),
  ]);
  return new ClientConfig(resolve(cwd, home ?? ''), texts);
}

async function readSettings(file: string): Promise<Map<string, string>> {
  try {
    return toSettings(parseProperties(decodePropertiesFile(await readFile(file)), file));
  } catch (error) {
    if (isMissing(error)) return new Map();
    if (error instanceof GraphkeepError) throw error;
    throw new GraphkeepError('config', `Could not read configuration file [${file}]`, {
      observed: error instanceof Error ? error.message : String(error),
      cause: error,
    });
  }
}

async function readAdditional(file: string): Promise<Map<string, string>> {
  try {
    if (!(await stat(file)).isFile()) throw new Error('not a regular file');
    return toSettings(parseProperties(decodePropertiesFile(await readFile(file)), file));
  } catch (error) {
    if (error instanceof GraphkeepError) throw error;
    throw new GraphkeepError(
      'config.unreadable',
      `Could not read additional configuration from ${file}. The file either does not exist, is not a regular file, or is not readable.`,
      { cause: error },
    );
  }
}
