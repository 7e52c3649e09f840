import type { RunBackup } from '../backup/backup-options.ts';

export interface Terminal {
  /** Read for every picture: windows change their size. */
  readonly columns: number;
  hasColor?: boolean;
  /** Writes to it with what moves the cursor. Default: as `stderr` does. */
  draw?(text: string): void;
}

/** The world around a command. Tests give their own; `process-context.ts` gives the one of the process. */
export interface CommandContext {
  env: Readonly<Record<string, string | undefined>>;
  /** Base of relative paths; NEO4J_HOME if that is not set. Reading it throws `directory.missing` if it was removed. */
  readonly cwd: string;
  /** Writes text as it is; lines bring their own line break. */
  stdout(text: string): void;
  stderr(text: string): void;
  /** True if some of the text for stdout could not be written, and somebody may wait for it. */
  hasLostOutput?(): boolean;
  /** Aborted by SIGINT, SIGTERM and SIGHUP; the reason is the name. */
  signal: AbortSignal;
  /** stderr is a terminal that can move its cursor. */
  terminal?: Terminal;
  /** From now on `listener` is called when somebody asks for the state of the work (SIGUSR1); the one before it no longer. */
  onStateRequest?(listener: () => void): void;
  now(): Date;
  /** Replaces the backup job in tests. */
  runBackup?: RunBackup;
}

/** NEO4J_DEBUG counts as soon as it is set, even to an empty text. */
export function isDebugging(context: CommandContext): boolean {
  return context.env.NEO4J_DEBUG !== undefined;
}

/** `2026-11-22 08:47:01.812+0000`, in UTC: the time of a log line. */
export function formatLogTime(time: Date): string {
  return `${time.toISOString().slice(0, 23).replace('T', ' ')}+0000`;
}
