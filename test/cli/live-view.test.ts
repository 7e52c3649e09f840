import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { World } from '../support/commands/world.ts';
import { TerminalScreen } from '../support/terminal/terminal-screen.ts';

/*
 * What is left on a terminal when a command has ended: its result or its error, and nothing of the live line. Both streams go to the same
 * screen.
 */

let world: World;
let database: EmbeddedDatabase;
let listener: BackupListener;

beforeAll(async () => {
  world = await World.create();
  database = await EmbeddedDatabase.open(world.path('data', 'live'));
  await database.transact((tx) => {
    for (let value = 0; value < 500; value++) tx.createNode(['Item'], { n: { type: 'int', value } });
  });
  listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
});

afterAll(async () => {
  await listener.stop();
  await database.close();
  await world.close();
});

interface Shown {
  exitCode: number;
  lines: string[];
  pictures: string[];
}

/** Runs a command on a terminal; every picture is drawn, since the clock leaps. `interruptAt`: Ctrl-C when this is shown. */
async function show(args: readonly string[], columns: number, interruptAt?: string): Promise<Shown> {
  const screen = new TerminalScreen();
  const interrupt = new AbortController();
  let now = Date.now();
  const write = (text: string): void => {
    screen.write(text);
    if (interruptAt === undefined || interrupt.signal.aborted) return;
    if (screen.pictures.at(-1)?.text.startsWith(interruptAt) !== true) return;
    // The terminal itself shows which key it was.
    screen.write('^C');
    interrupt.abort('SIGINT');
  };
  const { runBackup: _, ...context } = world.context();
  const exitCode = await runGraphkeep(args, {
    ...context,
    stdout: write,
    stderr: write,
    signal: interrupt.signal,
    terminal: { columns, hasColor: true },
    now: () => {
      now += 150;
      return new Date(now);
    },
  });
  return { exitCode, lines: screen.lines, pictures: screen.pictures.map(({ text }) => text) };
}

const backup = (name: string) => {
  const { host, port } = listener.address;
  return ['backup', `--from=${host}:${port}`, `--to=${world.path('backup', name)}`];
};

describe.each([40, 80, 120])('a terminal of %i columns', (columns) => {
  it('shows the phases of a backup, and at the end only its summary', async () => {
    const { exitCode, lines, pictures } = await show(backup(`full-${columns}`), columns);
    expect(exitCode).toBe(0);
    expect(lines.map((line) => line.trim().split(/ {2,}|,/)[0])).toEqual([
      'Full backup',
      'received',
      'check',
      'took',
      'backup',
    ]);
    for (const phase of ['waiting for the server', 'copying files', 'checking']) {
      expect(pictures.filter((picture) => picture.startsWith(phase)).length, phase).toBeGreaterThan(0);
    }
    expect(Math.max(...pictures.map(({ length }) => length))).toBeLessThan(columns);
  });

  it('shows only the error after Ctrl-C', async () => {
    const { exitCode, lines } = await show(backup(`stopped-${columns}`), columns, 'copying files');
    expect(exitCode).toBe(130);
    expect(lines).toEqual(['graphkeep: the command was interrupted', '    Run the command again.']);
  });

  it('shows only the error when the server is gone', async () => {
    const args = ['backup', '--from=127.0.0.1:1', `--to=${world.path('backup', 'gone')}`];
    const { exitCode, lines } = await show(args, columns);
    expect(exitCode).toBe(1);
    expect(lines[0]).toBe('graphkeep: Failed to run a backup using the available strategies.');
    expect(lines.join('\n')).not.toContain('waiting');
  });
});
