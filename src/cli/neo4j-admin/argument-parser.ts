import { GraphkeepError } from '../../base/errors.ts';
import type { CommandRow, OptionRow } from '../command-table.ts';
import type { OptionValues } from '../option-values.ts';

/**
 * Parses the arguments after the command name by the rules of the Java tool (spec backup-command 1.3), which are simple and forgiving: any
 * number of dashes, `name=value` or `name value`; an empty value drops the option.
 * @throws GraphkeepError `usage` for unknown options and surplus arguments
 */
export function parseArguments(command: CommandRow, args: readonly string[]): ParsedArguments {
  const given = new Map<string, (string | undefined)[]>();
  const empty = new Set<string>();
  const positionals: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const argument = args[at]!;
    if (!isOption(argument)) {
      if (argument !== '') positionals.push(argument);
      continue;
    }
    const { key, value } = splitOption(argument);
    let taken = value;
    if (value === undefined && takesNext(command, key, args[at + 1])) {
      at++;
      taken = args[at];
    }
    if (taken === '') {
      empty.add(key);
      continue;
    }
    given.set(key, [...(given.get(key) ?? []), taken]);
  }
  for (const key of given.keys()) {
    if (findOption(command, key) === undefined) throw new GraphkeepError('usage', `unrecognized option: '${key}'`);
  }
  const surplus = positionals.slice(command.positionals.length);
  if (surplus.length > 0) throw new GraphkeepError('usage', `unrecognized arguments: '${surplus.join(' ')}'`);
  return new ParsedArguments(command, given, empty, positionals);
}

export class ParsedArguments implements OptionValues {
  readonly positionals: readonly string[];
  private readonly command: CommandRow;
  private readonly given: ReadonlyMap<string, readonly (string | undefined)[]>;
  private readonly empty: ReadonlySet<string>;

  constructor(
    command: CommandRow,
    given: ReadonlyMap<string, readonly (string | undefined)[]>,
    empty: ReadonlySet<string>,
    positionals: readonly string[],
  ) {
    this.command = command;
    this.given = given;
    this.empty = empty;
    this.positionals = positionals;
  }

  mandatory(name: string): string {
    const value = this.single(name);
    if (value === undefined) throw new GraphkeepError('usage', `Missing argument '${name}'`);
    return value;
  }

  optional(name: string): string | undefined {
    const { default: standard, whenBare } = this.row(name);
    const value = this.single(name);
    if (value === undefined && this.isGiven(name) && whenBare !== 'default') {
      throw new GraphkeepError('usage', whenBare ?? `Missing argument '${name}'`);
    }
    return value ?? (standard === '' ? undefined : standard);
  }

  givenFlag(name: string): boolean | undefined {
    if (!this.isGiven(name)) return undefined;
    return (this.single(name) ?? 'true').toLowerCase() === 'true';
  }

  flag(name: string): boolean {
    return this.givenFlag(name) ?? this.row(name).default === 'true';
  }

  isGiven(name: string): boolean {
    return this.given.has(name);
  }

  isEmpty(name: string): boolean {
    return this.empty.has(name);
  }

  /** This front knows no repositories. */
  perRepository(): readonly OptionValues[] {
    return [this];
  }

  private single(name: string): string | undefined {
    const values = this.given.get(name) ?? [];
    if (values.length > 1) throw new GraphkeepError('usage', `There are multiple values for '${name}'`);
    return values[0];
  }

  private row(name: string): OptionRow {
    const row = findOption(this.command, name);
    if (row === undefined)
      throw new GraphkeepError('internal', `the command ${this.command.name} has no option ${name}`);
    return row;
  }
}

function findOption(command: CommandRow, name: string): OptionRow | undefined {
  return command.options.find((option) => option.name === name);
}

function isOption(argument: string): boolean {
  return argument.startsWith('-') && argument.length > 1;
}

/** The key without its dashes and without anything from a `:` on; no value if there is no `=`. */
function splitOption(argument: string): { key: string; value: string | undefined } {
  const text = argument.replace(/^-+/, '');
  const equals = text.indexOf('=');
  const key = equals === -1 ? text : text.slice(0, equals);
  return { key: key.split(':', 1)[0]!, value: equals === -1 ? undefined : text.slice(equals + 1) };
}

/** A flag uses the next argument only if it is `true` or `false`; any other option uses whatever is not an option itself. */
function takesNext(command: CommandRow, key: string, next: string | undefined): boolean {
  const option = findOption(command, key);
  if (next === undefined || option === undefined) return false;
  if (option.kind === 'flag') return /^(true|false)$/i.test(next);
  return !isOption(next);
}
