import { errorCodes } from '../base/error-codes.ts';
import { settings } from '../config/settings.ts';
import { doctorChecks } from '../doctor/findings/doctor-checks.ts';
import {
  adminCommands,
  environmentVariables,
  foreignCommands,
  help,
  type NativeCommandRow,
  nativeCommands,
  nativeVariables,
  type OptionRow,
  variableOf,
} from './command-table.ts';

/*
 * docs/reference.md, generated from the tables on which the program itself runs. `npm run docs` writes it; a test verifies that it is
 * current.
 */

const LINE_WIDTH = 140;

/** The page as Markdown. */
export function referencePage(): string {
  const sections = [
    '# Reference\n\n<!-- Made by `npm run docs` from the tables in src/. Do not edit. -->',
    nativeSection(),
    doctorSection(),
    adminSection(),
    environmentSection(),
    settingsSection(),
    exitCodeSection(),
    errorCodeSection(),
  ];
  return `${sections.join('\n\n').split('\n').map(wrapProse).join('\n')}\n`;
}

/** Wraps a line of prose; tables and headings cannot be broken. */
function wrapProse(line: string): string {
  if (/^[|#]/.test(line)) return line;
  const lines: string[] = [];
  for (const word of line.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= LINE_WIDTH) lines.pop();
    lines.push(longer.length <= LINE_WIDTH ? longer : word);
  }
  return lines.join('\n');
}

function nativeSection(): string {
  const intro =
    'GNU syntax: `--name value` or `--name=value`. A flag is switched on with `--flag`, off with `--no-flag`, or set with ' +
    '`--flag=true|false`. What the commands show on a terminal and elsewhere: [terminal.md](terminal.md). With `--json` they print one ' +
    'JSON object per line: [json.md](json.md). SIGUSR1 asks a command how far it is.\n\n' +
    'No option takes a secret: every user of a machine can read the command lines of all its processes. Private keys are files, which ' +
    '`neo4j.conf` names ([tls.md](tls.md)); identities of repositories are in files, or a program prints them.\n\n' +
    'What is not typed is taken from the environment, then from the configuration file ([configuration.md](configuration.md)), then from ' +
    'the defaults. An option without a variable must be typed.';
  return ['## `graphkeep`', intro, ...nativeCommands.map(nativeCommand)].join('\n\n');
}

function nativeCommand({ name, description, options, positionals, examples }: NativeCommandRow): string {
  const title = ['graphkeep', name, ...positionals.map((positional) => positional.name)].join(' ');
  const parts = [`### \`${title}\``, description];
  if (positionals.length > 0) parts.push(positionals.map((row) => `- \`${row.name}\`: ${row.description}`).join('\n'));
  if (options.length > 0) parts.push(optionTable(options, name));
  const lines = examples.map(({ purpose, command }) => `# ${purpose}\n${command}`);
  parts.push(`\`\`\`sh\n${lines.join('\n\n')}\n\`\`\``);
  return parts.join('\n\n');
}

function doctorSection(): string {
  const rows = Object.entries(doctorChecks).map(([name, { meaning, numbers }]) => [
    `\`${name}\``,
    meaning,
    numbers.map((number) => `\`${number}\``).join(', '),
  ]);
  const intro =
    'Names of checks are stable. With `--json`, `numbers` has what was measured, where it could be: sizes in bytes, time spans in ' +
    'milliseconds.';
  return `### What \`graphkeep doctor\` looks at\n\n${intro}\n\n${table(['check', 'meaning', 'numbers'], rows)}`;
}

function adminSection(): string {
  const ours = adminCommands.filter((row) => row !== help);
  const intro =
    'Takes the place of `neo4j-admin` of Neo4j 3.4 and 3.5 for the commands below: same options, defaults, messages and exit codes; the help is in our own words. ' +
    'Options have any number of dashes in front, an empty value drops the option, a flag is true only for the text `true`, and a ' +
    'flag without value is true.\n\n' +
    `Not part of graphkeep: ${foreignCommands.map(({ name }) => `\`${name}\``).join(', ')}.`;
  const commands = ours.map(
    ({ name, description, options }) => `### \`neo4j-admin ${name}\`\n\n${description}\n\n${optionTable(options)}`,
  );
  return ['## `neo4j-admin`', intro, ...commands].join('\n\n');
}

/** `command`: of the native front, whose options have variables. */
function optionTable(options: readonly OptionRow[], command?: string): string {
  const variables = (row: OptionRow): string[] => {
    if (command === undefined) return [];
    const variable = variableOf(command, row);
    return [variable === undefined ? '' : `\`${variable}\``];
  };
  const rows = options.map((row) => {
    const { name, example, kind, isBare, mandatory, default: standard, description } = row;
    return [
      `\`--${name}${kind === 'flag' ? '' : isBare === true ? `[=<${example}>]` : `=<${example}>`}\``,
      mandatory === true ? 'required' : standard === '' ? '' : `\`${standard}\``,
      ...variables(row),
      description,
    ];
  });
  return table(['option', 'default', ...(command === undefined ? [] : ['variable']), 'meaning'], rows);
}

function environmentSection(): string {
  const rows = [...environmentVariables, ...nativeVariables].map(({ name, description }) => [
    `\`${name}\``,
    description,
  ]);
  return `## Environment variables\n\n${table(['variable', 'meaning'], rows)}`;
}

function settingsSection(): string {
  const rows = Object.values(settings).map(({ name, default: standard, form, meaning }) => [
    `\`${name}\``,
    standard === '' ? '' : `\`${standard}\``,
    form,
    meaning,
  ]);
  const intro =
    'Read from `$NEO4J_CONF/neo4j.conf`, then from the file of `--additional-config`; later ones win. A bad value of any of these ends ' +
    'the command before it does anything. Other settings are not looked at, unless `dbms.config.strict_validation` is true.';
  return `## Settings\n\n${intro}\n\n${table(['setting', 'default', 'form', 'meaning for backups'], rows)}`;
}

function exitCodeSection(): string {
  const rows = [
    ['0', 'Success. `serve`, and `backup --follow` once it has a backup: stopped by SIGINT, SIGTERM or SIGHUP.'],
    [
      '1',
      'Wrong usage, bad configuration, or the command failed. `doctor`, `restore --plan`: the next backup or the restore would fail.',
    ],
    [
      '2',
      'The backup was made, or the directory is there, but it could not be checked. `recover`: all was recovered but explicit indexes, which are left to the server.',
    ],
    [
      '3',
      'The backup was made, or the directory is there, but it is inconsistent; so is what a drill has restored. `neo4j-admin check-consistency` ends with 1 then.',
    ],
    ['10 to 14', 'Something about a repository or its key: [repository.md](repository.md#exit-codes).'],
    ['129, 130, 143', 'Interrupted by SIGHUP (the terminal was closed), SIGINT or SIGTERM; everything was cleaned up.'],
  ];
  return `## Exit codes\n\n${table(['code', 'meaning'], rows)}`;
}

function errorCodeSection(): string {
  const rows = Object.entries(errorCodes).map(([code, hint]) => [`\`${code}\``, hint]);
  return `## Error codes\n\nStable names in the \`code\` of an [\`error\`](json.md#error).\n\n${table(['code', 'what to do'], rows)}`;
}

/** A bar would end the cell; an angle bracket outside code would begin HTML. */
function escapeCell(text: string): string {
  const parts = text.replaceAll('|', '\\|').split('`');
  return parts.map((part, at) => (at % 2 === 0 ? part.replaceAll('<', '\\<') : part)).join('`');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
