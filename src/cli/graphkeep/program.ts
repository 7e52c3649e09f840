import { Argument, Command, CommanderError, Option } from 'commander';
import { GraphkeepError } from '../../base/errors.ts';
import { version } from '../../base/own-version.ts';
import { printableMessage } from '../../base/printable-text.ts';
import type { CommandContext } from '../command-context.ts';
import {
  type Example,
  environmentVariables,
  keyOf,
  type NativeCommandRow,
  nativeCommands,
  nativeVariables,
  type OptionRow,
  variableOf,
} from '../command-table.ts';
import { type Given, GivenValues, SEVERAL } from '../given-values.ts';

/** What a command was given. */
export interface Invocation {
  command: NativeCommandRow;
  values: GivenValues;
  positionals: readonly string[];
  context: CommandContext;
}

/** An invocation as it was typed. */
interface TypedInvocation extends Invocation {
  /** Ends the parsing with an error of commander. */
  refuse(message: string): never;
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

/** Commander cannot do that: they may be set elsewhere than on the command line. `repositories`: the names of those that are known. */
export function requireMandatoryOptions(
  { command, values, refuse }: TypedInvocation,
  repositories: readonly string[],
): void {
  const missing = command.options.find(({ name, mandatory }) => mandatory === true && !values.isGiven(name));
  if (missing === undefined) return;
  const known = missing.name === 'repo' && repositories.length > 0 ? `; there is ${repositories.join(', ')}` : '';
  refuse(`error: required option '--${missing.name} <${missing.example}>' not specified${known}`);
}

/** The parser of `graphkeep`, made from the command table. `run` is called with what the user typed. */
export function buildProgram(context: CommandContext, run: (invocation: TypedInvocation) => Promise<void>): Command {
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
  run: (invocation: TypedInvocation) => Promise<void>,
): Command {
  const command = new Command(row.name)
    .copyInheritedSettings(program)
    .summary(row.summary)
    .description(row.description)
    .addHelpText('after', `\n${examplesText(row.examples)}`);
  for (const { name, description } of row.positionals) command.addArgument(new Argument(name, description));
  for (const option of row.options) addOption(command, option, variableOf(row.name, option));
  return command.action(async () => {
    const positionals = command.args;
    const values = new GivenValues(row.options, readGiven(row, command));
    await run({ command: row, values, positionals, context, refuse: (message) => command.error(message) });
  });
}

function addOption(command: Command, row: OptionRow, variable: string | undefined): void {
  const variables = variable === undefined ? [] : [variable];
  const describe = (...facts: string[]) => {
    const all = [...facts, ...variables];
    return all.length === 0 ? row.description : `${row.description} (${all.join('; ')})`;
  };
  if (row.kind === 'value') {
    const text = row.default === '' ? describe() : describe(`default: ${row.default}`);
    const placeholder = row.isBare === true ? `[${row.example}]` : `<${row.example}>`;
    const option = new Option(`--${row.name} ${placeholder}`, text);
    if (row.isRepeatable === true) option.argParser((one: string, others: string[] = []) => [...others, one]);
    command.addOption(option);
    return;
  }
  const text =
    row.default === 'true' ? describe('default: true', `off with --no-${row.name}`) : describe('default: false');
  command.addOption(new Option(`--${row.name}`, text));
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

/** True if a command line, or else the environment, asks for JSON, whatever else is wrong with it. */
export function asksForJson(args: readonly string[], env: CommandContext['env']): boolean {
  const last = normalizeFlags(args).findLast((argument) => argument === '--json' || argument === '--no-json');
  return last === undefined ? env.GRAPHKEEP_JSON === 'true' : last === '--json';
}

function environmentText(): string {
  const lines = [...environmentVariables, ...nativeVariables].map(
    ({ name, description }) => `  ${name.padEnd(14)}${description}`,
  );
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
function readGiven(row: NativeCommandRow, command: Command): Given {
  const parsed = command.opts<Record<string, string | boolean | string[] | undefined>>();
  const given: Record<string, string | boolean> = {};
  for (const { name } of row.options) {
    const value = parsed[keyOf(name)];
    if (value !== undefined) given[name] = Array.isArray(value) ? value.join(SEVERAL) : value;
  }
  return given;
}

/** True if commander has already told the user what is wrong, or has printed a help. */
export function isCommanderEnd(error: unknown): error is CommanderError {
  return error instanceof CommanderError;
}

/** What commander has found wrong, as an error of ours. */
export function usageErrorOf({ message }: CommanderError): GraphkeepError {
  return new GraphkeepError('usage', message.replace(/^error: /, '').replaceAll('\n', ' '));
}
