import { GraphkeepError } from '../../base/errors.ts';
import { refuseBrokenArguments } from '../argument-bytes.ts';
import { type CommandContext, isDebugging } from '../command-context.ts';
import { configureOptions, explainOrigin, withEnvironment } from '../configuration/configured-options.ts';
import type { Origin } from '../configuration/option-layers.ts';
import { exitCodeOf } from '../failure-lines.ts';
import { withPrintableOutput } from '../printable-output.ts';
import { tellConfiguration } from './configuration-view.ts';
import { createReporter } from './create-reporter.ts';
import {
  asksForJson,
  buildProgram,
  type Invocation,
  isCommanderEnd,
  normalizeFlags,
  requireFilledValues,
  requireMandatoryOptions,
  usageErrorOf,
} from './program.ts';
import type { Reporter } from './reporter.ts';

/** Resolves to a number if the exit code may be another one than 0. */
type NativeCommand = (
  invocation: Invocation,
  reporter: Reporter,
  runCommandLine: (args: readonly string[], context: CommandContext) => Promise<number>,
) => Promise<unknown>;

/** Loaded when they are needed. */
const bodies: Record<string, () => Promise<NativeCommand>> = {
  backup: async () => (await import('./backup-body.ts')).backupBody,
  restore: async () => (await import('./restore-body.ts')).restoreBody,
  dump: async () => (await import('./archive-bodies.ts')).dumpBody,
  export: async () => (await import('./export-body.ts')).exportBody,
  load: async () => (await import('./archive-bodies.ts')).loadBody,
  serve: async () => (await import('./serve-body.ts')).serveBody,
  check: async () => (await import('./check-body.ts')).checkBody,
  inspect: async () => (await import('./inspect-body.ts')).inspectBody,
  doctor: async () => (await import('./doctor-body.ts')).doctorBody,
  repo: async () => (await import('./repo-body.ts')).repoBody,
  info: async () => (await import('./info-body.ts')).infoBody,
  list: async () => (await import('./list-body.ts')).listBody,
  verify: async () => (await import('./verify-body.ts')).verifyBody,
  drill: async () => (await import('./drill-body.ts')).drillBody,
  key: async () => (await import('./key-body.ts')).keyBody,
  hold: async () => (await import('./hold-bodies.ts')).holdBody,
  release: async () => (await import('./hold-bodies.ts')).releaseBody,
  copy: async () => (await import('./copy-body.ts')).copyBody,
  prune: async () => (await import('./prune-body.ts')).pruneBody,
  recover: async () => (await import('./recover-body.ts')).recoverBody,
  demo: async () => (await import('./demo-body.ts')).demoBody,
  completion: async () => (await import('./completion-body.ts')).completionBody,
};

/** Commands that do nothing but print: without their output they have done nothing. */
const PRINTING = ['inspect', 'doctor', 'info', 'list', 'completion'];

function isLost({ hasLostOutput }: CommandContext, command: string): boolean {
  return PRINTING.includes(command) && hasLostOutput?.() === true;
}

/**
 * The native command line: GNU syntax, JSON on request, a live view on a terminal.
 * @returns the exit code: 0, 1, 2 and 3 for checks, or 129, 130 and 143 after SIGHUP, SIGINT and SIGTERM
 */
export async function runGraphkeep(args: readonly string[], given: CommandContext): Promise<number> {
  const context = withPrintableOutput(given);
  const verbose = isDebugging(context);
  const json = asksForJson(args, context.env);
  let reporter = createReporter(context, { command: '', json, verbose, quiet: false });
  let exitCode = 0;
  let command = '';
  let origins: ReadonlyMap<string, Origin> = new Map();
  const program = buildProgram(context, async (typed) => {
    command = typed.command.name;
    requireFilledValues(typed);
    const upper = withEnvironment(typed.command, typed.values, context);
    const isOn = (name: string) => typed.command.options.some((row) => row.name === name) && upper.flag(name);
    const wanted = { json: isOn('json'), verbose: verbose || isOn('verbose'), quiet: isOn('quiet') };
    reporter = createReporter(context, { command, ...wanted });
    if (wanted.quiet && isOn('verbose')) throw new GraphkeepError('usage', '--quiet and --verbose exclude each other');
    const configured = await configureOptions(typed.command, typed.values, context);
    origins = configured.origins;
    await tellConfiguration(configured, reporter);
    const invocation = { ...typed, values: configured.values };
    requireMandatoryOptions(invocation, configured.repositoryNames);
    const body = await bodies[command]!();
    const result = await body(invocation, reporter, runGraphkeep);
    if (typeof result === 'number') exitCode = result;
  });
  // Programs get what is wrong with their arguments as an event.
  if (json) for (const parser of [program, ...program.commands]) parser.configureOutput({ writeErr: () => {} });
  try {
    refuseBrokenArguments(args);
    await program.parseAsync(normalizeFlags(args), { from: 'user' });
    return exitCode === 0 && isLost(context, command) ? 1 : exitCode;
  } catch (error) {
    if (isCommanderEnd(error)) {
      if (json && error.exitCode !== 0) reporter.fail(usageErrorOf(error));
      return error.exitCode;
    }
    reporter.fail(explainOrigin(error, origins));
    return exitCodeOf(context.signal, error);
  }
}
