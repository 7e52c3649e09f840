// Writes docs/terminal.md, and the capture in README.md: real output of the built programs, under a pseudo terminal and without one. Takes
// a minute; needs `script` of util-linux.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BackupListener } from '../src/serve/backup-listener.ts';
import { serveEmbedded } from '../src/serve/database/live-store.ts';
import { replaceSection } from '../test/support/build/page-section.ts';
import { PeopleDatabase } from '../test/support/terminal/people-database.ts';
import {
  type Captured,
  type RunningCommand,
  runInPipe,
  runOnTerminal,
} from '../test/support/terminal/terminal-session.ts';

const PEOPLE = 100_000;
const COLUMNS = 100;
const CONTROL_C = '\x03';

const readme = fileURLToPath(new URL('../README.md', import.meta.url));
const page = fileURLToPath(new URL('../docs/terminal.md', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'graphkeep-terminal-'));
const home = join(root, 'home');
for (const name of ['home', 'backups']) mkdirSync(join(root, name));
const people = await PeopleDatabase.open(join(root, 'data', 'live'));
await people.grow(PEOPLE);
await people.database.checkPoint();
const listener = await BackupListener.start(serveEmbedded(people.database), { listen: { host: '127.0.0.1', port: 0 } });
const server = `${listener.address.host}:${listener.address.port}`;
const backupCommand = (name = 'graph.db-backup') => `graphkeep backup --from=${server} --to=${root}/backups/${name}`;
const backup = `${root}/backups/graph.db-backup`;

/** Paths, addresses and the clock as they could be anywhere. Sizes, speeds and durations stay. */
function stable(text: string): string {
  const times = [...text.matchAll(/"time":"([^"]+)"/g)].map((match) => Date.parse(match[1]!));
  const shift = Date.parse('2026-11-29T02:00:00.000Z') - (times[0] ?? 0);
  return text
    .replaceAll(`${home}/`, '/var/lib/neo4j/')
    .replaceAll(`${root}/`, '/')
    .replaceAll(server, '10.0.0.1:6362')
    .replace(/"time":"([^"]+)"/g, (_, time: string) => `"time":"${new Date(Date.parse(time) + shift).toISOString()}"`);
}

type Pictures = Captured['screen']['pictures'];

/** Some pictures of the live line: of each phase three at most. */
function choosePictures(pictures: Pictures): Pictures {
  const phases = new Map<string, Pictures>();
  for (const picture of pictures) {
    const [phase = ''] = /^[a-z ]+/.exec(picture.text) ?? [];
    phases.set(phase.trim(), [...(phases.get(phase.trim()) ?? []), picture]);
  }
  return [...phases.values()].flatMap((all) => {
    const wanted = all.length < 3 ? [all.length - 1] : [0.3, 0.6, 1].map((part) => Math.round(part * (all.length - 1)));
    return [...new Set(wanted)].map((at) => all[at]!);
  });
}

/** What a reader of the screen has seen, from top to bottom. */
function block(
  command: string,
  { exitCode, screen }: Captured,
  isShown: (line: string) => boolean = () => true,
): string {
  const pictures = choosePictures(screen.pictures);
  const lines = screen.lines.flatMap((line, row) => [
    ...pictures.filter((picture) => picture.row === row).map(({ text }) => `~ ${text}`),
    ...(line === '' ? [] : [isShown(line) ? line : '...']),
  ]);
  const cut = lines.filter((line, at) => line !== '...' || lines[at - 1] !== '...');
  const code = exitCode === 0 ? [] : ['$ echo $?', String(exitCode)];
  return `\`\`\`\n${stable([`$ ${command}`, ...cut, ...code].join('\n'))}\n\`\`\``;
}

const sections: string[] = [];
function tell(title: string, text: string, ...blocks: string[]): void {
  process.stderr.write(`${title}\n`);
  sections.push([`## ${title}`, ...(text === '' ? [] : [text]), ...blocks].join('\n\n'));
}
const onTerminal = async (command: string, onOutput: (running: RunningCommand) => void = () => {}) =>
  block(command, await runOnTerminal(command, { home, columns: COLUMNS, onOutput }));
const inPipe = async (command: string, isShown?: (line: string) => boolean) =>
  block(`${command} 2>&1 | cat`, await runInPipe(command, { home }), isShown);

/** Does it once, as soon as the live line shows a phase. */
function once(phase: string, act: (running: RunningCommand) => void): (running: RunningCommand) => void {
  let isDone = false;
  return (running) => {
    if (isDone || running.screen.pictures.at(-1)?.text.startsWith(phase) !== true) return;
    isDone = true;
    act(running);
  };
}

try {
  const full = await onTerminal(backupCommand());
  tell('A full backup', '', full);
  await people.grow(20_000);
  const incremental = await onTerminal(backupCommand());
  tell('An incremental backup', 'The same command again.', incremental);
  const short = [full, incremental]
    .map((text) =>
      text
        .replaceAll('```', '')
        .replace(/^~.*\n/gm, '')
        .trim(),
    )
    .join('\n');
  const front = readFileSync(readme, 'utf8');
  writeFileSync(readme, replaceSection(front, 'backups', 'docs:terminal', `\`\`\`\n${short}\n\`\`\``));
  tell('Nothing new', '', await onTerminal(backupCommand()));
  tell('A check', '', await onTerminal(`graphkeep check ${backup}`));
  const restore = `graphkeep restore --from=${backup} --database=graph.db`;
  tell(
    'A restore',
    'With `--check` the copy is checked, too, before it replaces anything.',
    await onTerminal(`${restore} --check`),
  );
  const asked = once('checking', ({ pid }) => process.kill(pid, 'SIGUSR1'));
  tell(
    'How far is it?',
    'In another terminal: `kill -USR1 <pid>`. The answer stands above the live line, which goes on.',
    await onTerminal(backupCommand('asked'), asked),
  );
  const stopped = once('checking', ({ type }) => type(CONTROL_C));
  tell(
    'Ctrl-C, and an error',
    'Nothing is left of the live line.',
    await onTerminal(backupCommand('stopped'), stopped),
    await onTerminal(restore),
  );
  tell(
    'Without a terminal',
    'In a log there is a line for each phase, and one a minute while a phase takes long.',
    await inPipe(backupCommand('log')),
    await inPipe(backupCommand('log')),
    await inPipe(`graphkeep check ${backup}`),
    await inPipe(`${restore} --force`),
  );
  tell(
    '`--quiet`',
    'Only warnings and errors.',
    await inPipe(`${backupCommand('quiet')} --quiet`),
    await inPipe(`${restore} --quiet`),
  );
  const isInteresting = (line: string) => !line.includes('"progress"') || /"percent":[1-9]/.test(line);
  tell(
    '`--json`',
    'For programs; every field is in [json.md](json.md).',
    await inPipe(`${backupCommand('json')} --json`, isInteresting),
    await inPipe(`${restore} --force --json`, isInteresting),
  );
} finally {
  await listener.stop();
  await people.database.close();
  rmSync(root, { recursive: true, force: true });
}

const intro = `# What it looks like

<!-- Made by \`npm run docs:terminal\`. Do not edit. -->

Real output of the programs, on a terminal of ${COLUMNS} columns and without one. The database has ${PEOPLE.toLocaleString('en-US')} nodes with three
relationships each, and an index; nothing is slowed down. Only paths, addresses and the clock were replaced.

On a terminal one line shows what is being done, and is drawn over and over: lines with \`~\` are pictures of it, one after the other. It
disappears before anything else is printed.`;
writeFileSync(page, `${[intro, ...sections].join('\n\n')}\n`);
