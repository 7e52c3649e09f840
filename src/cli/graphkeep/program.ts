import { Argument, Command, CommanderError, Option } from 'commander';
import { GraphkeepError } from '../../base/errors.ts';
import { version } from '../../base/own-version.ts';
import { printableMessage } from '../../base/printable-text.ts';
import type { CommandContext } from '../command-context.ts';
import {
  type Example,
  environmentVariables,
  type NativeCommandRow,
  nativeCommands,
  type OptionRow,
} from '../command-table.ts';
import type { OptionValues } from '../option-values.ts';

/** What a command was given. */
export interface Invocation {
  command: NativeCommandRow;
  values: OptionValues;
  positionals: readonly string[];
  context: CommandContext;
}

/**
 * An empty value is never meant: it comes from a variable that is not set, and must not become a default or the working directory.
 * @throws GraphkeepError `usage`
 */
export function requireFilledValues({ command, values, positionals }: Invocation): void {
  const option = command.options.find(({ name }) => values.isEmpty(name));
  if (option !== undefined) throw new GraphkeepError('usage', `--${option.name} must not be empty`);
  const at = positionals.indexOf('');
  if (at !== -1)
    throw new GraphkeepError('usage', `${command.positionals[at]?.name ?? 'the argument'} must not be empty`);
}

/** The parser of `graphkeep`, made from the command table. `run` is called with what the user typed. */
export function buildProgram(context: CommandContext, run: (invocation: Invocation) => Promise<void>): Command {
  const program = new Command('graphkeep')
    .description('Online backup for Neo4j: full, incremental, restorable. No Java needed.')
    .version(version, '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print the help of the program or of a command.')
    .helpCommand('help [command]', 'Explain a command.')
    .configureOutput({
      writeOut: context.stdout,
      writeErr: context.stderr,
      outputError: (text, write) => write(printableError(text)),
    })
    .configureHelp({ helpWidth: Math.min(context.terminal?.columns ?? 100, 120) })
    .addHelpText('after', `\n${environmentText()}\n\n${examplesText(startingExamples)}`)
    .showHelpAfterError('(add --help for additional information)')
    .exitOverride();
  for (const row of nativeCommands) program.addCommand(buildCommand(row, program, context, run));
  return program;
}

/** What commander says of an argument, which may hold line breaks of its own; its proposal stands on a line of its own. */
function printableError(text: string): string {
  const [, message = '', proposal = ''] = /^(.*?)(\n\(Did you mean [\w, -]+\?\))?\n?$/s.exec(text) ?? [];
  return `${printableMessage(message)}${proposal}\n`;
}

function buildCommand(
  row: NativeCommandRow,
  program: Command,
  context: CommandContext,
  run: (invocation: Invocation) => Promise<void>,
): Command {
  const command = new Command(row.name)
    .copyInheritedSettings(program)
    .summary(row.summary)
    .description(row.description)
    .addHelpText('after', `\n${examplesText(row.examples)}`);
  for (const { name, description } of row.positionals) command.addArgument(new Argument(name, description));
  for (const option of row.options) addOption(command, option);
  return command.action(async () => {
    const positionals = command.args;
    await run({ command: row, values: new CommanderValues(row, command), positionals, context });
  });
}

function addOption(command: Command, row: OptionRow): void {
  if (row.kind === 'value') {
    const text = row.default === '' ? row.description : `${row.description} (default: ${row.default})`;
    const placeholder = row.isBare === true ? `[${row.example}]` : `<${row.example}>`;
    const option = new Option(`--${row.name} ${placeholder}`, text);
    command.addOption(row.mandatory === true ? option.makeOptionMandatory() : option);
    return;
  }
  const how = row.default === 'true' ? `(default: true; off with --no-${row.name})` : '(default: false)';
  command.addOption(new Option(`--${row.name}`, `${row.description} ${how}`));
  command.addOption(new Option(`--no-${row.name}`).hideHelp());
}

/** `--flag=true` and `--flag=false` are `--flag` and `--no-flag`; commander itself knows no flags with a value. */
export function normalizeFlags(args: readonly string[]): string[] {
  const flags = new Set(
    nativeCommands.flatMap(({ options }) => options.filter(({ kind }) => kind === 'flag')).map(({ name }) => name),
  );
  return args.map((argument) => {
    const [, name, value] = /^--([a-z-]+)=(true|false)$/.exec(argument) ?? [];
    if (name === undefined || !flags.has(name)) return argument;
    return value === 'true' ? `--${name}` : `--no-${name}`;
  });
}

/** True if a command line asks for JSON, whatever else is wrong with it. */
export function asksForJson(args: readonly string[]): boolean {
  return normalizeFlags(args).findLast((argument) => argument === '--json' || argument === '--no-json') === '--json';
}

function environmentText(): string {
  const lines = environmentVariables.map(({ name, description }) => `  ${name.padEnd(14)}${description}`);
  return ['Environment variables:', ...lines].join('\n');
}

/** What most people come for, in the general help. */
const startingExamples = ['backup', 'inspect', 'restore'].flatMap((wanted) =>
  nativeCommands.filter(({ name }) => name === wanted).flatMap(({ examples }) => examples.slice(0, 1)),
);

function examplesText(examples: readonly Example[]): string {
  const lines = examples.flatMap(({ purpose, command }) => ['', `  # ${purpose}`, `  ${command}`]);
  return ['Examples:', ...lines.slice(1)].join('\n');
}

/** The options of one command, as commander has parsed them. */
class CommanderValues implements OptionValues {
  private readonly rows: ReadonlyMap<string, OptionRow>;
  private readonly given: Record<string, unknown>;

  constructor(row: NativeCommandRow, command: Command) {
    this.rows = new Map(row.options.map((option) => [option.name, option]));
    this.given = command.opts();
  }

  mandatory(name: string): string {
    const value = this.given[attributeOf(name)];
    if (typeof value !== 'string' || value === '') throw new GraphkeepError('usage', `--${name} must not be empty`);
    return value;
  }

  optional(name: string): string | undefined {
    const value = this.given[attributeOf(name)];
    if (typeof value === 'string' && value !== '') return value;
    const standard = this.row(name).default;
    return standard === '' ? undefined : standard;
  }

  givenFlag(name: string): boolean | undefined {
    const value = this.given[attributeOf(name)];
    return typeof value === 'boolean' ? value : undefined;
  }

  flag(name: string): boolean {
    return this.givenFlag(name) ?? this.row(name).default === 'true';
  }

  isGiven(name: string): boolean {
    return this.given[attributeOf(name)] !== undefined;
  }

  isEmpty(name: string): boolean {
    return this.given[attributeOf(name)] === '';
  }

  private row(name: string): OptionRow {
    const row = this.rows.get(name);
    if (row === undefined) throw new GraphkeepError('internal', `there is no option --${name}`);
    return row;
  }
}

/** `backup-dir` is `backupDir` to commander. */
function attributeOf(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** True if commander has already told the user what is wrong, or has printed a help. */
export function isCommanderEnd(error: unknown): error is CommanderError {
  return error instanceof CommanderError;
}

/** What commander has found wrong, as an error of ours. */
export function usageErrorOf({ message }: CommanderError): GraphkeepError {
  return new GraphkeepError('usage', message.replace(/^error: /, '').replaceAll('\n', ' '));
}
