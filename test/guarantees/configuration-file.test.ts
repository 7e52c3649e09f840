import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/cli/command-context.ts';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { World } from '../support/commands/world.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { liveContent } from '../support/live/live-content.ts';

/*
 * Promise: what graphkeep.yaml and GRAPHKEEP_* say counts as if it had been typed, in every command; what is typed counts more, then the
 * environment, then the file. Whoever forgets or mistypes a name is told what there is, and nothing else is done.
 */

type Line = Record<string, unknown>;

let world: World;
let database: EmbeddedDatabase;
let listener: BackupListener;
let address: string;
let file: string;
let recipient: string;

interface Run {
  exitCode: number;
  stdout: string;
  stderr: string;
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  const { runBackup: _, ...given } = world.context();
  const ended = { exitCode: 0, stdout: '', stderr: '' };
  const context: CommandContext = {
    ...given,
    env: { ...given.env, GRAPHKEEP_CONFIG: file, ...env },
    stdout: (text) => {
      ended.stdout += text;
    },
    stderr: (text) => {
      ended.stderr += text;
    },
  };
  ended.exitCode = await runGraphkeep(args, context);
  return ended;
}

/** The last line of a command with `--json`. */
async function tell(args: readonly string[], env: Record<string, string> = {}): Promise<Line & { exitCode: number }> {
  const { exitCode, stdout } = await run([...args, '--json'], env);
  return { ...(JSON.parse(stdout.trim().split('\n').at(-1)!) as Line), exitCode };
}

async function succeed(...args: string[]): Promise<Line> {
  const line = await tell(args);
  expect(line, JSON.stringify(line)).toMatchObject({ event: 'report', exitCode: 0 });
  return line;
}

async function commit(value: number): Promise<void> {
  await database.transact((tx) => tx.createNode(['Item'], { n: { type: 'int', value } }));
}

function write(...more: string[]): void {
  const lines = [
    'repositories:',
    '  main:',
    `    url: ${'$'}{PLACE}/main`,
    '    encryption:',
    `      recipients: [${recipient}]`,
    `      identity: { command: [cat, key.txt] }`.replace('key.txt', world.path('key.txt')),
    '    retention: { keepLast: 1 }',
    '  spare:',
    '    url: spare',
    '    encryption:',
    `      recipients: [${recipient}]`,
    '      identity: { file: key.txt }',
    'databases:',
    '  orders:',
    `    from: ${address}`,
    '    database: graph.db',
    '    repositories: [main]',
    '  twice:',
    `    from: ${address}`,
    '    repositories: [main, spare]',
    '  plain:',
    `    from: ${address}`,
    '    to: backups/plain',
    '    checkConsistency: false',
    '    follow: never',
    ...more,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
}

beforeAll(async () => {
  world = await World.create();
  world.setEnvironment({ NEO4J_HOME: world.path('home'), NEO4J_CONF: world.path('home', 'conf'), PLACE: world.root });
  file = world.path('graphkeep.yaml');
  const secret = await generateX25519Identity();
  recipient = await identityToRecipient(secret);
  writeFileSync(world.path('key.txt'), `${secret}\n`, { mode: 0o600 });
  mkdirSync(world.path('backups'));
  database = await EmbeddedDatabase.open(world.path('data', 'live'));
  await commit(0);
  listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
  address = `${listener.address.host}:${listener.address.port}`;
  write();
  await succeed('repo', 'init', '--repo=main');
  await succeed('repo', 'init', '--repo=spare');
});
beforeEach(() => write());
afterAll(async () => {
  await listener.stop();
  await database.close();
  await world.close();
});

describe('a configured database', () => {
  it('a configured database is backed up, looked at, restored and pruned by its name alone', async () => {
    const full = await succeed('backup', '--database=orders');
    expect(full).toMatchObject({ kind: 'full', server: address, directory: `${world.path('main')}/db/graph.db` });
    await commit(1);
    expect(await succeed('backup', '--database=orders')).toMatchObject({ kind: 'incremental' });
    const last = (await succeed('backup', '--database=orders', '--full')).lastTransaction;
    await succeed('backup', '--database=orders', '--full');

    expect(await succeed('info', '--database=orders')).toMatchObject({
      repository: world.path('main'),
      databases: [{ database: 'graph.db', lastTransaction: last, bases: [{}, {}, {}] }],
    });
    expect(await succeed('verify', '--database=orders', '--read')).toMatchObject({ bases: 3, faults: [] });

    const restored = world.path('restored', 'orders');
    await succeed('restore', '--database=orders', `--to=${restored}`, '--check');
    const copy = await EmbeddedDatabase.open(restored);
    expect(findContentDifferences(liveContent(database), liveContent(copy))).toEqual([]);
    await copy.close();
    // Where the server looks for it, by the name that the file has for it.
    const placed = await succeed('restore', '--database=orders');
    expect(placed).toMatchObject({ database: 'orders', directory: world.database('orders') });

    const plan = await succeed('prune', '--database=orders');
    expect(plan).toMatchObject({ confirmed: false, database: 'graph.db' });
    expect((plan.bases as Line[]).map(({ kept }) => kept)).toEqual([false, true, true]);
    await succeed('prune', '--database=orders', '--confirm');
    expect(await succeed('info', '--repo=main')).toMatchObject({ databases: [{ bases: [{}, {}] }] });
  });

  it('a configured database can have its backup in a directory', async () => {
    const made = await succeed('backup', '--database=plain');
    expect(made).toMatchObject({ kind: 'full', directory: world.path('backups', 'plain') });
    expect(made.check).toBeUndefined();
    // The file says how often a backup follows, if it does.
    expect(await tell(['backup', '--database=plain', '--follow'])).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('--follow: '),
      place: { file },
    });
    const checked = await succeed(
      'backup',
      '--database=plain',
      `--to=${world.path('backups', 'other')}`,
      '--check-consistency',
    );
    expect(checked).toMatchObject({ directory: world.path('backups', 'other'), check: { warnings: 0 } });
  });

  it('the passphrase of an identity comes from a program, too', async () => {
    const encrypter = new Encrypter();
    encrypter.setPassphrase('correct horse');
    encrypter.setScryptWorkFactor(5);
    const identity = readFileSync(world.path('key.txt'), 'utf8');
    writeFileSync(world.path('protected'), await encrypter.encrypt(identity), { mode: 0o600 });
    const script = world.path('print passphrase.mjs');
    writeFileSync(script, 'console.log("correct horse")');
    const args = ['verify', '--repo=spare', '--read', `--identity=${world.path('protected')}`];
    expect(await tell(args)).toMatchObject({ code: 'repository.passphrase-missing', exitCode: 12 });
    await succeed(...args, `--passphrase-command=${JSON.stringify([process.execPath, script])}`);
    const both = await tell([...args, '--identity-command=cat x']);
    expect(both).toMatchObject({ code: 'usage', message: '--identity and --identity-command exclude each other' });
  });

  it('a doctor looks at a configured database', async () => {
    const { findings } = (await succeed('doctor', '--database=plain')) as { findings: Line[] };
    expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['protocol', 'target']));
    expect(await tell(['doctor', '--database=plan'])).toMatchObject({
      message: "there is no database 'plan' in the configuration file; did you mean 'plain'?",
    });
    expect(await tell(['doctor', '--database=plain'], { GRAPHKEEP_CONFIG: 'none' })).toMatchObject({
      event: 'error',
      message: '--database names a database of the configuration file, and no such file is used',
    });
  });

  it('a doctor looks at all repositories of a configured database, and asks whether each can be continued', async () => {
    await succeed('backup', '--database=twice');
    const { findings } = (await succeed('doctor', '--database=twice')) as { findings: Line[] };
    const continued = findings.filter(({ check }) => check === 'continuation');
    expect(continued.map(({ repository }) => repository)).toEqual([world.path('main'), world.path('spare')]);
    for (const { observed } of continued) expect(observed).toMatch(/^yes: /);
    const one = (await succeed('doctor', '--database=twice', '--repo=spare')) as { findings: Line[] };
    expect(one.findings.filter(({ check }) => check === 'backup')).toMatchObject([{ repository: world.path('spare') }]);
  });

  it('a repository that is typed takes the place of the configured one', async () => {
    expect(await succeed('backup', '--database=orders', '--repo=spare')).toMatchObject({
      directory: `${world.path('spare')}/db/graph.db`,
    });
    const restored = world.path('restored', 'from-spare');
    expect(await succeed('restore', '--repo=spare', `--to=${restored}`)).toMatchObject({ directory: restored });
    const own = world.path('own');
    await succeed('repo', 'init', `--repo=${own}`, '--no-encryption');
    expect(await succeed('backup', '--database=plain', `--repo=${own}`)).toMatchObject({
      directory: `${own}/db/plain`,
    });
  });
});

describe('a name that is missing or wrong', () => {
  it.each<[string, string[], string]>([
    ['no database', ['backup'], 'which database? Give --database=<name>: there is orders, twice, plain'],
    [
      'no database, but a repository',
      ['backup', '--repo=main'],
      'which database? Give --database=<name>: there is orders',
    ],
    [
      'an unknown database',
      ['backup', '--database=order'],
      "there is no database 'order' in the configuration file; did you mean 'orders'?",
    ],
    ['an unknown database of a restore', ['restore', '--database=order'], "did you mean 'orders'?"],
    [
      'an unknown database of info',
      ['info', '--database=zzzz'],
      "there is no database 'zzzz' in the configuration file; there is orders, twice, plain",
    ],
    [
      'an unknown repository',
      ['info', '--repo=mian'],
      "there is no repository 'mian' in the configuration file; did you mean 'main'?",
    ],
    ['an unknown repository of repo init', ['repo', 'init', '--repo=min', '--no-encryption'], "did you mean 'main'?"],
    ['no repository', ['info'], "required option '--repo <place>' not specified; there is main, spare"],
    ['no place of a restore', ['restore'], 'what is to be restored? Give --from, or --repo'],
    [
      'several repositories',
      ['info', '--database=twice'],
      "the database 'twice' is in 2 repositories: choose one with --repo=main|spare",
    ],
    [
      'a database of a directory',
      ['prune', '--database=plain'],
      "required option '--repo <place>' not specified; there is main, spare",
    ],
  ])('%s is an error that says what there is', async (_, args, message) => {
    const refused = await tell(args);
    expect(refused).toMatchObject({ event: 'error', code: 'usage', exitCode: 1 });
    expect(refused.message).toContain(message);
  });

  it('a database with several repositories is backed up into all of them, or into the one that is typed', async () => {
    expect(await succeed('backup', '--database=twice')).toMatchObject({
      directory: `${world.path('main')}/db/twice, ${world.path('spare')}/db/twice`,
    });
    expect(await succeed('backup', '--database=twice', '--repo=spare')).toMatchObject({
      directory: `${world.path('spare')}/db/twice`,
    });
  });

  it('a folder whose name looks like that of a repository is written with a slash', async () => {
    const made = await succeed('repo', 'init', '--repo=./folder', '--no-encryption');
    expect(made.repository).toBe(world.path('work', 'cwd', 'folder'));
  });

  it('without databases in the file, a backup means what it means without a file', async () => {
    writeFileSync(file, `repositories: { main: { url: main } }\n`);
    const made = await succeed('backup', `--from=${address}`, '--repo=main', '--database=graph.db');
    expect(made.directory).toBe(`${world.path('main')}/db/graph.db`);
  });
});

describe('the order', () => {
  /** What `check` writes its report to, as its error about a missing directory tells. */
  async function reportDirOf(args: string[], env: Record<string, string>): Promise<unknown> {
    const refused = await tell(['check', world.path('backup', 'n34', 'n1'), ...args], env);
    return `${refused.message} ${JSON.stringify(refused.place ?? '')}`;
  }

  it('what is typed counts more than the environment, and that more than the file', async () => {
    await world.makeBackup();
    write('commands:', '  check:', '    reportDir: of-file');
    const variable = { GRAPHKEEP_REPORT_DIR: world.path('of-variable') };
    expect(await reportDirOf([], {})).toContain(world.path('of-file'));
    expect(await reportDirOf([], variable)).toContain(world.path('of-variable'));
    expect(await reportDirOf([`--report-dir=${world.path('of-option')}`], variable)).toContain(world.path('of-option'));
    expect(await reportDirOf([`--report-dir=${world.path('of-option')}`], {})).toContain(world.path('of-option'));
  });

  it('a whole command may stand in the environment', async () => {
    const env = {
      GRAPHKEEP_CONFIG: 'none',
      GRAPHKEEP_REPO: world.path('env'),
      GRAPHKEEP_FROM: address,
      GRAPHKEEP_JSON: 'true',
    };
    const made = await run(['repo', 'init'], { ...env, GRAPHKEEP_ENCRYPTION: 'false' });
    expect(made, made.stderr).toMatchObject({ exitCode: 0, stderr: '' });
    const backup = await run(['backup'], env);
    expect(JSON.parse(backup.stdout.trim().split('\n').at(-1)!)).toMatchObject({
      event: 'report',
      directory: `${world.path('env')}/db/graph.db`,
    });
    // --from of a restore means something else, and --to as well.
    const to = world.path('restored', 'env');
    const restored = await run(['restore'], { ...env, GRAPHKEEP_TO: '/elsewhere', GRAPHKEEP_RESTORE_TO: to });
    expect(JSON.parse(restored.stdout.trim().split('\n').at(-1)!)).toMatchObject({ event: 'report', directory: to });
    // What is typed makes the rest of the environment give way.
    const typed = await run(['backup', `--to=${world.path('backups', 'typed')}`], { ...env, GRAPHKEEP_DATABASE: 'x' });
    expect(typed, typed.stdout).toMatchObject({ exitCode: 0 });
  });

  it('an error about an option says where it was set', async () => {
    write('  slow:', `    from: ${address}`, '    to: backups/slow', '    timeout: forever');
    const lines = readFileSync(file, 'utf8').split('\n');
    const inFile = await tell(['backup', '--database=slow']);
    expect(inFile).toMatchObject({
      code: 'usage',
      place: { file, line: lines.indexOf('    timeout: forever') + 1, column: 14 },
    });
    expect(inFile.message).toContain('--timeout: ');
    const inVariable = await tell(['backup', '--database=slow'], { GRAPHKEEP_TIMEOUT: 'never' });
    expect(inVariable).toMatchObject({ code: 'usage', hint: '--timeout is set by GRAPHKEEP_TIMEOUT.' });
    const typed = await tell(['backup', '--database=slow', '--timeout=x']);
    expect(typed).toMatchObject({ code: 'usage', hint: 'See the help of the command.' });
  });
});

describe('which file', () => {
  it('a command says which file it uses, and with --verbose where each option was set', async () => {
    const { stdout, stderr } = await run(['info', '--database=orders', '--verbose'], { GRAPHKEEP_VERBOSE: 'false' });
    expect(stdout.split('\n')[0]).toBe(`Configuration: ${file}`);
    expect(stderr).toContain(`--repo is set by ${file}, line 3\n`);
    const events = (await run(['info', '--database=orders', '--json'])).stdout.split('\n');
    expect(JSON.parse(events[0]!)).toMatchObject({ event: 'configuration', file, by: 'variable' });
    const quiet = await run(['check', world.path('work'), '--quiet']);
    expect(quiet.stdout).toBe('');
  });

  it('a file that is wrong stops every command that reads one, before it does anything', async () => {
    writeFileSync(file, 'repositories:\n  main:\n    ulr: x\n');
    const refused = await tell(['backup', `--to=${world.path('backups', 'never')}`, `--from=${address}`]);
    expect(refused).toMatchObject({ code: 'config', place: { file, line: 3, column: 5 }, exitCode: 1 });
    expect(refused.message).toBe("there is no key 'ulr' in 'repositories.main'; did you mean 'url'?");
    expect(await tell(['inspect', world.path('data', 'live')])).toMatchObject({ code: 'config' });
    expect(await tell(['inspect', world.path('data', 'live'), '--config=none'])).toMatchObject({ exitCode: 0 });
    expect((await run(['completion', 'bash'])).exitCode).toBe(0);
    const missing = await tell(['info', '--repo=main', '--config=missing.yaml']);
    expect(missing).toMatchObject({
      code: 'config.unreadable',
      place: { file: world.path('work', 'cwd', 'missing.yaml') },
    });
    rmSync(file);
  });

  it.skipIf(process.platform === 'win32')('a file that others may change is warned of', async () => {
    write();
    rmSync(file);
    writeFileSync(file, 'commands: {}\n');
    const { chmodSync } = await import('node:fs');
    chmodSync(file, 0o666);
    const report = await tell(['inspect', world.path('data', 'live')]);
    expect(report.notes).toEqual([
      { code: 'configuration-writable', text: expect.stringContaining(file), path: file, mode: '0666' },
    ]);
  });
});
