import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TerminalScreen } from './terminal-screen.ts';

const bin = fileURLToPath(new URL('../../../bin', import.meta.url));

/** What a command has printed, and how it ended. */
export interface Captured {
  exitCode: number;
  screen: TerminalScreen;
}

/** A command at work. */
export interface RunningCommand {
  screen: TerminalScreen;
  /** Its process id. */
  pid: number;
  /** As on the keyboard of its terminal. */
  type: (text: string) => void;
}

export interface Session {
  /** Working directory, and what `neo4j.conf` is found by. */
  home: string;
  columns?: number;
  /** Called after each piece of output. */
  onOutput?: (running: RunningCommand) => void;
}

/** Runs a command line under a pseudo terminal (`script` of util-linux) of that many columns. */
export function runOnTerminal(command: string, session: Session): Promise<Captured> {
  const inner = `stty cols ${session.columns ?? 80} rows 24; echo $$; exec ${command}`;
  return run('script', ['-qefc', `sh -c '${inner}'`, '/dev/null'], session, true);
}

/** Runs a command line with its output in a pipe, both streams together. */
export function runInPipe(command: string, session: Session): Promise<Captured> {
  return run('sh', ['-c', `echo $$; exec ${command} 2>&1`], session, false);
}

async function run(program: string, args: string[], session: Session, isTerminal: boolean): Promise<Captured> {
  const { home, onOutput = () => {} } = session;
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    NEO4J_HOME: home,
    NEO4J_CONF: home,
    SHELL: '/bin/sh',
  };
  if (isTerminal) Object.assign(env, { TERM: 'xterm' });
  const child: ChildProcess = spawn(program, args, { cwd: home, env, stdio: ['pipe', 'pipe', 'inherit'] });
  const screen = new TerminalScreen();
  let head: string | undefined = '';
  let pid = 0;
  child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
    // The first line is the process id of the command.
    if (head !== undefined) {
      head += piece;
      const [, id, rest] = /^(\d+)\r?\n(.*)$/s.exec(head) ?? [];
      if (rest === undefined) return;
      pid = Number(id);
      head = undefined;
      screen.write(rest);
    } else screen.write(piece);
    onOutput({ screen, pid, type: (text) => child.stdin!.write(text) });
  });
  const [exitCode] = (await once(child, 'close')) as [number];
  return { exitCode, screen };
}
