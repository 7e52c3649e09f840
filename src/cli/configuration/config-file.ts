import { dirname, isAbsolute, resolve } from 'node:path';
import type { ErrorPlace } from '../../base/errors.ts';
import { parseFileAddress } from '../../config/addresses.ts';
import type { CommandContext } from '../command-context.ts';
import { isPath, keyOf, type OptionRow } from '../command-table.ts';
import { type Configuration, configSchema, type DatabaseEntry, type RepositoryEntry } from './config-schema.ts';
import { readConfigText, refuseSecret, wrong } from './file-text.ts';
import { nearestName } from './nearest-name.ts';
import { describeFault } from './schema-faults.ts';
import { expandVariables } from './variables.ts';
import { type Path, readYamlTree, type YamlTree } from './yaml-tree.ts';

/** A configuration file that was found sound. Relative paths in it count from its directory, and those from a pipe from the working one. */
export class ConfigFile {
  readonly file: string;
  private readonly content: Configuration;
  private readonly tree: YamlTree;

  private readonly directory: string;

  private constructor(file: string, directory: string, content: Configuration, tree: YamlTree) {
    this.file = file;
    this.directory = directory;
    this.content = content;
    this.tree = tree;
  }

  /** @throws GraphkeepError `config.unreadable`, `config` with the place of what is wrong */
  static async read(file: string, context: CommandContext): Promise<ConfigFile> {
    const { env } = context;
    const { text: content, isPipe } = await readConfigText(file);
    const tree = readYamlTree(content, file, (text, place, path) => {
      const value = isWordOfCommand(path) ? text : readText(text, env, place);
      refuseSecret(value, () => place);
      return value;
    });
    const directory = isPipe ? context.cwd : dirname(file);
    const { success, data, error } = configSchema.safeParse(tree.value);
    if (!success) throw describeFault(error.issues, tree);
    const config = new ConfigFile(file, directory, data as Configuration, tree);
    for (const name of config.databaseNames) config.checkDatabase(name);
    return config;
  }

  get repositoryNames(): string[] {
    return Object.keys(this.content.repositories ?? {});
  }

  get databaseNames(): string[] {
    return Object.keys(this.content.databases ?? {});
  }

  repository(name: string): RepositoryEntry | undefined {
    return this.repositoryNames.includes(name) ? this.content.repositories![name] : undefined;
  }

  database(name: string): DatabaseEntry | undefined {
    return this.databaseNames.includes(name) ? this.content.databases![name] : undefined;
  }

  /** Where a key is set. */
  placeOf(path: Path) {
    return this.tree.placeOf(path);
  }

  /** The place of a repository, with its whole path if it is a folder. */
  urlOf({ url }: RepositoryEntry): string {
    const [, path] = /^file:(?!\/)(.+)$/s.exec(url) ?? [];
    if (path !== undefined) return `file:${this.pathOf(path)}`;
    return /^[a-z][a-z0-9+.-]+:/i.test(url) ? url : this.pathOf(url);
  }

  pathOf(path: string): string {
    return isAbsolute(path) ? path : resolve(this.directory, path);
  }

  /** Those of some options that a mapping at `path` sets, as if they had been typed. */
  optionsAt(path: Path, rows: readonly OptionRow[]): Record<string, string | boolean> {
    let settings: unknown = this.content;
    for (const step of path) settings = ownValue(settings, step);
    const given: Record<string, string | boolean> = {};
    for (const row of rows) {
      const value = ownValue(settings, keyOf(row.name));
      if (value !== undefined) given[row.name] = typeof value === 'boolean' ? value : this.textOf(row, String(value));
    }
    return given;
  }

  private textOf(row: OptionRow, text: string): string {
    if (isPath(row)) return this.pathOf(text);
    const files = row.name === 'from' ? parseFileAddress(text) : undefined;
    return files === undefined ? text : `file:${this.pathOf(files)}`;
  }

  private checkDatabase(name: string): void {
    const path = ['databases', name];
    const entry = this.database(name)!;
    for (const [i, repository] of (entry.repositories ?? []).entries()) {
      const place = this.tree.placeOf([...path, 'repositories', i]);
      if (this.repository(repository) === undefined) {
        const nearest = nearestName(repository, this.repositoryNames);
        const proposal = nearest === undefined ? '' : `; did you mean '${nearest}'?`;
        throw wrong(`there is no repository '${repository}' in this file${proposal}`, place);
      }
      if (entry.repositories!.indexOf(repository) !== i) throw wrong(`'${repository}' is there twice`, place);
    }
    if (entry.to !== undefined && entry.repositories !== undefined) {
      const message = `'${path.join('.')}' has both repositories and to: its backups go either way`;
      throw wrong(message, this.tree.placeOfKey([...path, 'to']));
    }
  }
}

function readText(text: string, env: CommandContext['env'], place: ErrorPlace): string {
  if (/^~(\/|$)/.test(text))
    throw wrong('~ does not stand for a directory here', place, 'Write the variable HOME instead.');
  return expandVariables(text, env, place);
}

/** A program gets its arguments as they are written. */
function isWordOfCommand(path: Path): boolean {
  return path.at(-2) === 'command' && typeof path.at(-1) === 'number';
}

function ownValue(value: unknown, key: string | number): unknown {
  const isObject = typeof value === 'object' && value !== null;
  return isObject && Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined;
}
