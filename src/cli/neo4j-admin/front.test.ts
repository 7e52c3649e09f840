import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../../../test/support/commands/world.ts';
import { BackupFailed, type RunBackup } from '../../backup/backup-options.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { CommandContext } from '../command-context.ts';
import { backup, restore } from '../command-table.ts';
import { runNeo4jAdmin } from './front.ts';
import { commandUsage, wrap } from './usage-text.ts';

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

const SERVER = '--from=127.0.0.1:21362';

async function run(args: string[], changes: Partial<CommandContext> = {}) {
  world.stdout = '';
  world.stderr = '';
  const exitCode = await runNeo4jAdmin(args, { ...world.context(), ...changes });
  return { exitCode, stdout: world.stdout, stderr: world.stderr };
}

const backupArgs = (...more: string[]) => [
  'backup',
  `--backup-dir=${world.path('backup')}`,
  '--name=x',
  SERVER,
  '--check-consistency=false',
  ...more,
];

/** A job that fails with `error`. */
function failing(error: unknown): { runBackup: RunBackup } {
  return { runBackup: () => Promise.reject(error) };
}

describe('--name', () => {
  it.each(['../x', '..', '.', 'a/../..', '/tmp/x', 'a/../../y', 'x\0y'])('the name %j is refused', async (name) => {
    const { exitCode, stderr } = await run([
      'backup',
      `--backup-dir=${world.path('backup')}`,
      `--name=${name}`,
      SERVER,
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^'name' must stay within the backup directory but leads to /);
    expect(stderr).toContain(commandUsage(backup));
    expect(world.requested).toBeUndefined();
  });

  it.each([
    ['x', 'x'],
    ['a/b', 'a/b'],
    ['a/../b', 'b'],
    ['..x', '..x'],
    ['nightly backup', 'nightly backup'],
    // As a shell completes the name of a directory.
    ['x/', 'x'],
    ['a//b/./', 'a/b'],
    ['x.err.0', 'x.err.0'],
  ])('the name %j is accepted', async (name, normal) => {
    const { exitCode } = await run(['backup', `--backup-dir=${world.path('backup')}`, `--name=${name}`, SERVER]);
    expect(exitCode).toBe(0);
    expect(world.requested?.name).toBe(normal);
  });
});

describe('names that are not for users', () => {
  it.each([
    'x.graphkeep-work',
    'x.graphkeep-work/',
    'a/x.graphkeep-new/b',
    '.graphkeep-err.0',
    'x.graphkeep-unpublished.3',
  ])('the name %j is refused', async (name) => {
    const { exitCode, stderr } = await run([
      'backup',
      `--backup-dir=${world.path('backup')}`,
      `--name=${name}`,
      SERVER,
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("'name' must not be a name that graphkeep gives to its own files");
    expect(world.requested).toBeUndefined();
  });

  it.each([['dump', '--to=y'], ['load', '--from=x'], ['restore', '--from=x'], ['unbind']])(
    '%s does not accept such a name for a database',
    async (...command) => {
      const { exitCode, stderr } = await run([...command, '--database=q.graphkeep-new']);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("'database' must not be a name that graphkeep gives to its own files: q.graphkeep-new");
    },
  );

  it('arguments that are not UTF-8 are refused, since the system has already replaced bytes', async () => {
    const { exitCode, stderr } = await run([
      'backup',
      `--backup-dir=${world.path('backup')}`,
      '--name=caf\ufffd',
      SERVER,
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('an argument holds bytes that are no UTF-8');
    expect(world.requested).toBeUndefined();
  });
});

describe('directories', () => {
  it('directories are canonical: relative to the working directory, links resolved', async () => {
    symlinkSync(world.path('backup'), world.path('work', 'cwd', 'link'));
    expect((await run(['backup', '--backup-dir=link', '--name=x', SERVER])).exitCode).toBe(0);
    expect(world.requested?.backupDir).toBe(world.path('backup'));
    expect(world.requested?.reportDir).toBe(world.path('work', 'cwd'));
  });

  it('a missing directory is reported before the name, a file in its place after the configuration', async () => {
    expect((await run(['backup', '--backup-dir=nope'])).stderr).toBe(
      `command failed: Directory '${world.path('work', 'cwd', 'nope')}' does not exist.\n`,
    );
    await world.configure('dbms.backup.enabled=maybe\n');
    expect((await run(['backup', `--backup-dir=${world.path('work', 'lib.sh')}`, '--name=x'])).stderr).toBe(
      "unexpected error: Bad value 'maybe' for setting 'dbms.backup.enabled': must be 'true' or 'false'\n" +
        `    file ${world.path('home', 'conf', 'neo4j.conf')}, line 1\n    Correct the setting in the configuration file.\n`,
    );
  });

  it('all arguments are read before the configuration, the page cache after it', async () => {
    await world.configure('dbms.backup.enabled=maybe\n');
    expect((await run(backupArgs('--protocol=x', '--pagecache=bogus'))).stderr).toBe(
      'unexpected error: Failed to parse `x`\n',
    );
    expect((await run(backupArgs('--pagecache=bogus'))).stderr).toMatch(/^unexpected error: Bad value 'maybe'/);
    expect((await run(backupArgs('--timeout=5x', '--timeout=5y'))).stderr).toMatch(/^There are multiple values/);
  });
});

describe('environment', () => {
  it('HEAP_SIZE is memory besides the page cache', async () => {
    world.setEnvironment({ NEO4J_HOME: world.path('home'), HEAP_SIZE: '512m' });
    expect((await run(backupArgs('--pagecache=1g'))).exitCode).toBe(0);
    expect(world.requested?.memoryBudgetBytes).toBe(1.5 * 1024 ** 3);
    world.setEnvironment({ HEAP_SIZE: 'lots' });
    const { exitCode, stderr } = await run(backupArgs());
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      "unexpected error: Bad value 'lots' for environment variable 'HEAP_SIZE': must be a number and a unit, for example 512m\n",
    );
  });

  it('NEO4J_DEBUG, even empty, shows stack traces and debug lines', async () => {
    world.setEnvironment({ NEO4J_DEBUG: '' });
    const runBackup: RunBackup = async (_, onEvent) => {
      onEvent({ kind: 'recovery-began', transactions: 3 });
      onEvent({ kind: 'old-backup-moved', path: '/b/x.err.0' });
      throw new GraphkeepError('file.corrupt', 'bad record', {
        place: { file: 'neostore', offset: 9 },
        cause: new Error('deep'),
      });
    };
    const now = () => new Date(Date.UTC(2026, 10, 22, 8, 47, 1, 812));
    const { stdout, stderr } = await run(backupArgs(), { runBackup, now });
    expect(stdout).toBe(
      '2026-11-22 08:47:01.812+0000 DEBUG [graphkeep] The backup was not closed cleanly: recovering 3 transactions\n',
    );
    const lines = stderr.split('\n');
    expect(lines.slice(0, 2)).toEqual(['The old backup was moved to /b/x.err.0', 'GraphkeepError: bad record']);
    expect(stderr).toMatch(/\n {4}at .*\nCaused by: Error: deep\n {4}at /);
    expect(lines.slice(-4)).toEqual([
      'unexpected error: bad record',
      '    file neostore, offset 9',
      '    The file does not hold what its format requires. Use another copy.',
      '',
    ]);
    world.setEnvironment({});
    const quiet = await run(backupArgs(), { runBackup });
    expect(quiet.stdout).toBe('');
    expect(quiet.stderr).not.toContain('    at ');
  });
});

describe('failures of the job', () => {
  it('the cause of each strategy is shown, a hint only once', async () => {
    const attempts = [
      { strategy: 'catchup' as const, error: new GraphkeepError('peer.timeout', 'no answer', { observed: '20s' }) },
      { strategy: 'common' as const, error: new GraphkeepError('peer.timeout', 'no answer') },
    ];
    const { exitCode, stderr } = await run(backupArgs(), failing(new BackupFailed('execution', attempts)));
    expect(exitCode).toBe(1);
    expect(stderr.split('\n')).toEqual([
      'command failed: Execution of backup failed',
      '    catchup protocol: no answer (observed 20s)',
      '    common protocol: no answer',
      '    The server was silent for too long. It may be writing a check point; try again or raise --timeout.',
      '',
    ]);
  });

  it('an error after the work has begun does not count as wrong usage', async () => {
    const message = 'Can only perform a full backup into an empty directory but /b/x is not empty';
    const { stderr } = await run(backupArgs(), failing(new GraphkeepError('usage', message)));
    expect(stderr).toBe(`unexpected error: ${message}\n`);
  });

  it('a foreign exception is an unexpected error', async () => {
    expect((await run(backupArgs(), failing(new TypeError('x is not a function')))).stderr).toBe(
      'unexpected error: x is not a function\n    This is a mistake in graphkeep. Please report it with the whole message.\n',
    );
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s ends with %d after the job has cleaned up', async (name, code) => {
    const controller = new AbortController();
    const runBackup: RunBackup = async (_, onEvent, signal) => {
      controller.abort(name);
      onEvent({ kind: 'old-backup-moved', path: '/b/x.err.0' });
      throw new GraphkeepError('cancelled', 'the command was interrupted', { cause: signal.reason });
    };
    const { exitCode, stderr } = await run(backupArgs(), { runBackup, signal: controller.signal });
    expect(exitCode).toBe(code);
    expect(stderr).toBe('The old backup was moved to /b/x.err.0\ncommand failed: the command was interrupted\n');
  });
});

describe('protocols', () => {
  it.each([
    ['common', 'HA and single instances'],
    ['catchup', 'causal clustering instances'],
  ])('the protocol %s is announced as by 3.5', async (protocol, servers) => {
    const { stdout } = await run(backupArgs(`--protocol=${protocol}`));
    expect(stdout).toBe(
      `The selected protocol \`${protocol}\` means that it is only compatible with ${servers}\nBackup complete.\n`,
    );
  });
});

describe('configured checks', () => {
  it('configured checks apply where no flag is given', async () => {
    await world.configure(
      'tools.consistency_checker.check_graph=false\ntools.consistency_checker.check_property_owners=true\n',
    );
    await run(backupArgs('--cc-indexes=false', '--cc-graph'));
    expect(world.requested?.checks).toEqual({
      graph: true,
      indexes: false,
      labelScanStore: true,
      propertyOwners: true,
    });
  });
});

describe('other commands', () => {
  it.each(['import', 'memrec', 'report', 'store-info', 'set-default-admin', 'set-initial-password'])(
    'the command %s is named but not implemented',
    async (name) => {
      const text = `'${name}' is not part of graphkeep; use the neo4j-admin of your Neo4j installation.\n`;
      expect(await run([name, '--verbose'])).toEqual({ exitCode: 1, stdout: '', stderr: `command failed: ${text}` });
      expect(await run(['help', name])).toEqual({ exitCode: 0, stdout: text, stderr: '' });
    },
  );

  it.each([['help'], ['--foo'], ['']])('help %j is unknown', async (name) => {
    const { exitCode, stderr } = await run(['help', name]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^Unknown command: ${name}. Available commands are: unbind `));
  });

  it.each(['--help', '-h', ''])('the command %j is unknown', async (name) => {
    expect((await run([name])).stderr).toMatch(
      new RegExp(`^unrecognized command: ${name}\nusage: neo4j-admin <command>`),
    );
  });

  it('bad values of dump and load do not count as wrong usage, bad options do', async () => {
    expect((await run(['dump', '--to=x', '--to=y'])).stderr).toBe(
      "unexpected error: There are multiple values for 'to'\n",
    );
    expect((await run(['load', '--from=x', '--database=a/b'])).stderr).toBe(
      "unexpected error: 'database' should be a name but you seem to have specified a path: a/b\n",
    );
    expect((await run(['dump', '--foo'])).stderr).toMatch(/^unrecognized option: 'foo'\n\nusage: neo4j-admin dump /);
    expect((await run(['restore', '--from=x', '--database=..'])).stderr).toContain(commandUsage(restore));
  });

  it('an error of the disk keeps the known sentence and adds the cause', async () => {
    await world.makeBackup();
    mkdirSync(world.path('home', 'data'));
    writeFileSync(world.path('home', 'data', 'databases'), 'in the way');
    const { exitCode, stderr } = await run(['restore', `--from=${world.path('backup', 'n34', 'n1')}`]);
    expect(exitCode).toBe(1);
    expect(stderr.split('\n')[0]).toBe('command failed: Failed to restore database');
    expect(stderr).toContain(world.path('home', 'data', 'databases'));
  });
});

describe('check-consistency', () => {
  it.each([
    [['--database=graph.db', '--backup=x'], /^Only one of '--database' and '--backup' can be specified.\n\nusage: /],
    [['--database=a/b'], /^'database' should be a name .*: a\/b\n\nusage: /],
    [['--report-dir'], /^report-dir must be a valid path\n\nusage: /],
    [['extra'], /^unrecognized arguments: 'extra'\n\nusage: /],
    [['--backup=nope'], /^command failed: Specified backup should be a directory: .*nope\n$/],
    [['--additional-config=nope'], /^command failed: Could not read additional configuration from .*nope/],
  ])('check-consistency with %j', async (args, message) => {
    const { exitCode, stderr } = await run(['check-consistency', ...args]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
  });
});

describe('usage texts', () => {
  it('usage texts are broken only between words, and keep their line breaks', () => {
    expect(wrap('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
    expect(wrap('aaaaaaaa b', 5)).toEqual(['aaaaaaaa', 'b']);
    expect(wrap('a\n\nb', 5)).toEqual(['a', '', 'b']);
  });

  it('usage texts put descriptions on new lines if options are long', () => {
    const name = 'an-option-with-an-uncommonly-long-name';
    const option = { name, example: 'value', kind: 'value' as const, default: 'x', description: 'Text.' };
    expect(commandUsage({ ...restore, options: [option] })).toContain(
      `options:\n  --${name}=<value>\n      Text. [default:x]\n`,
    );
  });
});
