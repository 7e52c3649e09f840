import { version } from '../../base/own-version.ts';
import { printableText } from '../../base/printable-text.ts';
import { refuseBrokenArguments } from '../argument-bytes.ts';
import { type CommandContext, isDebugging } from '../command-context.ts';
import { adminCommands, backup, type CommandRow, foreignCommands, help, namesInHelpError } from '../command-table.ts';
import { describeStack, exitCodeOf } from '../failure-lines.ts';
import { withPrintableOutput } from '../printable-output.ts';
import { adminCommandBodies } from './admin-commands.ts';
import { parseArguments } from './argument-parser.ts';
import { type CommandPhase, failureText } from './failure-text.ts';
import { commandUsage, generalUsage } from './usage-text.ts';

/**
 * The drop-in for `neo4j-admin` of 3.4 and 3.5: dispatches the arguments as the Java tool does (spec backup-command 1.2).
 * @returns the exit code
 */
export async function runNeo4jAdmin(args: readonly string[], given: CommandContext): Promise<number> {
  const context = withPrintableOutput(given);
  if (args.some((argument) => argument === '--version' || argument === '-version')) {
    context.stdout(`neo4j-admin ${version} (graphkeep)\n`);
    return 0;
  }
  const [name, ...rest] = args;
  if (name === undefined) return refuse(context, `you must provide a command\n${generalUsage()}`);
  const command = adminCommands.find((row) => row.name === name);
  if (command === undefined) {
    if (foreignCommands.some((row) => row.name === name))
      return refuse(context, `command failed: ${foreignText(name)}`);
    return refuse(context, `unrecognized command: ${printableText(name)}\n${generalUsage()}`);
  }
  if (rest.some((argument) => argument === '--help' || argument === '-help')) {
    return refuse(context, `unknown argument: --help\n${commandUsage(command)}`);
  }
  if (command === help) return runHelp(rest[0], context);
  return await runCommand(command, rest, context);
}

async function runCommand(command: CommandRow, args: readonly string[], context: CommandContext): Promise<number> {
  let phase: CommandPhase = 'parsing';
  try {
    refuseBrokenArguments(args);
    const values = parseArguments(command, args);
    phase = 'reading';
    const work = await adminCommandBodies[command.name]!(values, context);
    phase = 'working';
    return await work();
  } catch (error) {
    if (isDebugging(context)) context.stderr(`${describeStack(error)}\n`);
    context.stderr(failureText(command, error, phase));
    // Only for a backup does the exit code tell the result of its check.
    return exitCodeOf(context.signal, command === backup ? error : undefined);
  }
}

function runHelp(name: string | undefined, context: CommandContext): number {
  if (name === undefined) {
    context.stdout(generalUsage());
    return 0;
  }
  const command = adminCommands.find((row) => row.name === name && row !== help);
  if (command !== undefined) {
    context.stdout(commandUsage(command));
    return 0;
  }
  if (foreignCommands.some((row) => row.name === name)) {
    context.stdout(foreignText(name));
    return 0;
  }
  const names = namesInHelpError.map((known) => `${known} `).join('');
  return refuse(
    context,
    `Unknown command: ${printableText(name)}. Available commands are: ${names}\n\n\n${commandUsage(help)}`,
  );
}

function foreignText(name: string): string {
  return `'${name}' is not part of graphkeep; use the neo4j-admin of your Neo4j installation.\n`;
}

function refuse(context: CommandContext, text: string): number {
  context.stderr(text);
  return 1;
}
