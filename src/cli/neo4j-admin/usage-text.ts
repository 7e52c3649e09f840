import {
  adminCommands,
  type CommandRow,
  environmentVariables,
  foreignCommands,
  type OptionRow,
} from '../command-table.ts';

/*
 * Usage texts in the layout of the Java tool (spec backup-command 1.4), generated from the command table. Every text ends with a line
 * break.
 */

const COLUMNS = 80;
/** If there are fewer columns than this, option descriptions start on a new line. */
const MIN_DESCRIPTION_COLUMNS = 30;
const TOOL = 'neo4j-admin';

/** The usage of one command. */
export function commandUsage(command: CommandRow): string {
  const blocks = [synopsis(command), environmentBlock(), wrap(command.description, COLUMNS).join('\n')];
  if (command.options.length > 0) blocks.push(optionsBlock(command.options));
  return `${blocks.join('\n\n')}\n`;
}

/** The usage of the tool: all commands by section, including those that graphkeep does not have. */
export function generalUsage(): string {
  const blocks = [
    `usage: ${TOOL} <command>`,
    'Back up, restore and check databases of Neo4j 3.4 and 3.5. No Java needed.',
    environmentBlock(),
    'available commands:',
    ...sectionBlocks(),
    `What a command does, and its options: ${TOOL} help <command>`,
  ];
  return `${blocks.join('\n\n')}\n`;
}

function sectionBlocks(): string[] {
  const commands = [...adminCommands, ...foreignCommands].sort((a, b) => (a.name < b.name ? -1 : 1));
  const others = [...new Set(commands.map(({ section }) => section))].filter((section) => section !== 'General').sort();
  return ['General', ...others].map((section) => {
    const members = commands.filter((command) => command.section === section);
    return [section, ...members.flatMap(({ name, summary }) => [`    ${name}`, `        ${summary}`])].join('\n');
  });
}

function synopsis(command: CommandRow): string {
  const front = `usage: ${TOOL} ${command.name} `;
  const parts = [...command.options.map(synopsisOf), ...command.positionals];
  const lines = wrap(parts.join(' '), COLUMNS - front.length);
  return front + lines.join(`\n${' '.repeat(front.length)}`);
}

function synopsisOf({ name, example, kind, mandatory }: OptionRow): string {
  if (kind === 'flag') return `[--${name}[=<${example}>]]`;
  return mandatory === true ? `--${name}=<${example}>` : `[--${name}=<${example}>]`;
}

function environmentBlock(): string {
  const column = Math.max(...environmentVariables.map(({ name }) => name.length)) + 7;
  const lines = environmentVariables.flatMap(({ name, description }) =>
    wrap(description, COLUMNS - column).map((line, at) => (at === 0 ? `    ${name}` : '').padEnd(column) + line),
  );
  return ['environment variables:', ...lines].join('\n');
}

function optionsBlock(options: readonly OptionRow[]): string {
  const names = options.map(({ name, example }) => `--${name}=<${example}>`);
  const column = Math.max(...names.map(({ length }) => length)) + 5;
  const narrow = COLUMNS - column < MIN_DESCRIPTION_COLUMNS;
  const lines = options.flatMap((option, at) => {
    const text = option.mandatory === true ? option.description : `${option.description} [default:${option.default}]`;
    const indent = narrow ? 6 : column;
    const wrapped = wrap(text, COLUMNS - indent).map((line) => ' '.repeat(indent) + line);
    if (narrow) return [`  ${names[at]}`, ...wrapped];
    return [`  ${names[at]}`.padEnd(column) + wrapped[0]!.slice(column), ...wrapped.slice(1)];
  });
  return ['options:', ...lines].join('\n');
}

/** Lines of at most `columns` characters; keeps line breaks of the text and never breaks words. */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > columns) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    return [...lines, line];
  });
}
