import type { RunBackup } from '../backup/backup-options.ts';
import type { DemoPlan } from '../demo/demo-run.ts';

export interface Terminal {
  /** Read before every redraw: windows change their size. */
  readonly columns: number;
  hasColor?: boolean;
  /** Writes to the terminal, including cursor movements. Default: as `stderr` does. */
  draw?(text: string): void;
}

/** The environment of a command. Tests pass their own; `process-context.ts` makes that of the process. */
export interface CommandContext {
  env: Readonly<Record<string, string | undefined>>;
  /** Base of relative paths, and NEO4J_HOME if that is not set. Reading it throws `directory.missing` if it was removed. */
  readonly cwd: string;
  /** Writes text as it is; lines include their line break. */
  stdout(text: string): void;
  stderr(text: string): void;
  /** True if text for stdout that somebody may wait for could not be written. */
  hasLostOutput?(): boolean;
  /** Aborted by SIGINT, SIGTERM and SIGHUP; the reason is the signal's name. */
  signal: AbortSignal;
  /** Set if stderr is a terminal that can move its cursor. */
  terminal?: Terminal;
  /** From now on `listener`, instead of the previous one, is called when somebody asks for the state of the work (SIGUSR1). */
  onStateRequest?(listener: () => void): void;
  now(): Date;
  /** Lets other processes have the processor first, from now on. */
  lowerPriority?(): void;
  /** Replaces the backup job in tests. */
  runBackup?: RunBackup;
  /** Replaces the amount of work of the demonstration in tests. */
  demoPlan?: DemoPlan;
}

/** NEO4J_DEBUG counts once it is set, even to an empty text. */
export function isDebugging(context: CommandContext): boolean {
  return context.env.NEO4J_DEBUG !== undefined;
}

/** `2026-11-22 08:47:01.812+0000`, in UTC: the time in a log line. */
export function formatLogTime(time: Date): string {
  return `${time.toISOString().slice(0, 23).replace('T', ' ')}+0000`;
}
