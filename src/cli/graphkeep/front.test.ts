import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { placeOf, World } from '../../../test/support/commands/world.ts';
import { unpackCorpus } from '../../../test/support/corpus/unpack-corpus.ts';
import { lockFile } from '../../../test/support/stores/locked-file.ts';
import { type BackupEvent, isNote } from '../../backup/backup-events.ts';
import { BackupFailed, type RunBackup } from '../../backup/backup-options.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { version } from '../../base/own-version.ts';
import type { CommandContext } from '../command-context.ts';
import { nativeCommands } from '../command-table.ts';
import { runGraphkeep } from './front.ts';

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

async function run(args: string[], changes: Partial<CommandContext> = {}) {
  world.stdout = '';
  world.stderr = '';
  const exitCode = await runGraphkeep(args, { ...world.context(), ...changes });
  return { exitCode, stdout: world.stdout, stderr: world.stderr };
}

/** The JSON lines of stdout without their times. */
function eventsOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { time, ...event } = JSON.parse(line) as Record<string, unknown>;
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      return event;
    });
}

/** A backup that tells these events. */
function told(...events: BackupEvent[]): RunBackup {
  return async (options, onEvent) => {
    for (const event of events) onEvent(event);
    const report = { firstTransaction: 2, lastTransaction: 9, bytes: 10, files: 1, durationMs: 7 };
    const notes = events.filter(isNote);
    return { kind: 'incremental', ...report, ...placeOf(options), notes };
  };
}

const course: BackupEvent[] = [
  { kind: 'backup-began', target: '/b/x', server: 'h:1' },
  { kind: 'attempt-began', backup: 'full', protocol: 'common' },
  { kind: 'protocol-chosen', protocol: 'common' },
  { kind: 'file-progress', name: 'neostore', bytes: 10, copiedFiles: 1, copiedBytes: 10 },
  { kind: 'old-backup-moved', path: '/b/x.err.0' },
  { kind: 'recovery-began', transactions: 3 },
];

const backupArgs = (...more: string[]) => [
  'backup',
  '--backup-dir',
  world.path('backup'),
  '--name=x',
  '--from',
  '127.0.0.1:21362',
  ...more,
];

describe('the program', () => {
  it('has help and a version', async () => {
    expect(await run(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
    const { exitCode, stdout } = await run(['--help']);
    expect(exitCode).toBe(0);
    for (const { name } of nativeCommands) expect(stdout).toContain(`  ${name} `);
    expect(stdout).toContain('HEAP_SIZE');
  });

  it.each(nativeCommands)('$name has a help with all its options', async ({ name, options }) => {
    const { exitCode, stdout } = await run([name, '--help']);
    expect(exitCode).toBe(0);
    for (const option of options) expect(stdout).toContain(`--${option.name}`);
  });

  it.each([
    [['bogus'], "error: unknown command 'bogus'"],
    [['inspect', 'x', '--bogus'], "error: unknown option '--bogus'"],
    [['load', '--database=x'], "error: required option '--from <archive-path>' not specified"],
    [['inspect'], "error: missing required argument 'directory'"],
    [['inspect', 'a', 'b'], 'error: too many arguments'],
    [['inspect', 'a', '--json=maybe'], "error: unknown option '--json=maybe'"],
  ])('%j is refused', async (args, message) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect(exitCode).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toContain('--help');
  });
});

describe('what is wrong with the arguments', () => {
  it.each([
    [['inspect', 'x', '--bogus'], {}, "unknown option '--bogus'"],
    [['load', '--database=x'], { command: 'load' }, "required option '--from <archive-path>' not specified"],
    [['bogus'], {}, "unknown command 'bogus'"],
  ])('is an event for programs: %j', async (args, command, message) => {
    const { exitCode, stdout, stderr } = await run([...args, '--json']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    const hint = 'See the help of the command.';
    expect(eventsOf(stdout)).toEqual([{ event: 'error', ...command, code: 'usage', message, hint, notes: [] }]);
  });

  it('is text as soon as --no-json follows', async () => {
    const { stdout, stderr } = await run(['inspect', 'x', '--json', '--bogus', '--no-json']);
    expect({ stdout, first: stderr.split('\n')[0] }).toEqual({ stdout: '', first: "error: unknown option '--bogus'" });
  });
});

describe('backup', () => {
  it('reads the same options as neo4j-admin, in GNU syntax', async () => {
    const args = backupArgs(
      '--no-fallback-to-full',
      '--cc-graph=false',
      '--cc-property-owners',
      '--timeout',
      '5m',
      '--no-check-consistency',
    );
    const { exitCode, stdout, stderr } = await run(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      'Full backup, up to transaction 5',
      '  received  1 files, 8.00 kB in 0.0 s',
      '  check     not asked for',
      '  took      0.0 s',
      `  backup    ${world.path('backup', 'x')}`,
      '',
    ]);
    expect(world.requested).toMatchObject({
      backupDir: world.path('backup'),
      name: 'x',
      from: { host: '127.0.0.1', port: 21362 },
      fallbackToFull: false,
      checkConsistency: false,
      timeoutMs: 300_000,
      checks: { graph: false, indexes: true, labelScanStore: true, propertyOwners: true },
    });
  });

  it('has the same defaults', async () => {
    const { stderr } = await run(backupArgs());
    expect(world.requested).toMatchObject({
      fallbackToFull: true,
      checkConsistency: true,
      protocol: 'any',
      timeoutMs: 1_200_000,
    });
    expect(stderr).toBe('');
  });

  it('takes a directory, or its two parts, as the place of the backup', async () => {
    const from = '--from=127.0.0.1:21362';
    const place = { backupDir: world.path('backup'), name: 'x' };
    for (const to of [world.path('backup', 'x'), `${world.path('backup', 'x')}/`]) {
      expect(await run(['backup', from, '--to', to])).toMatchObject({ exitCode: 0, stderr: '' });
      expect(world.requested).toMatchObject(place);
    }
    const refusals = [
      [[], 'where does the backup go? Give --to, or both --backup-dir and --name, or --repo'],
      [['--name=x'], 'where does the backup go? Give --to, or both --backup-dir and --name, or --repo'],
      [['--to=/b/x', '--name=x'], 'give either --to or --backup-dir and --name, not both'],
      [['--to='], '--to must not be empty'],
      [['--to=/'], "--to must end with the name of a directory, as in /backups/graph.db-backup, not '/'"],
      [['--to=/b/..'], "--to must end with the name of a directory, as in /backups/graph.db-backup, not '/b/..'"],
      [['--to', world.path('nowhere', 'x')], `Directory '${world.path('nowhere')}' does not exist.`],
    ] as const;
    for (const [args, message] of refusals) {
      const { exitCode, stderr } = await run(['backup', from, ...args]);
      expect({ exitCode, first: stderr.split('\n')[0] }).toEqual({ exitCode: 1, first: `graphkeep: ${message}` });
    }
  });

  it('a database on this machine is found by its path, and read as fast as is asked for', async () => {
    await world.makeDatabase('graph.db');
    const directory = world.database('graph.db');
    const place = { directory, logDirectory: directory };
    const made = told();
    let from: unknown;
    const runBackup: RunBackup = (options, ...rest) => {
      from = options.from;
      return made({ ...options, from: { host: 'h', port: 1 } }, ...rest);
    };
    const to = world.path('backup', 'x');
    for (const path of [directory, world.path('home', 'data'), world.path('home'), '../../home']) {
      expect(await run(['backup', `--from=file:${path}`, '--to', to], { runBackup })).toMatchObject({ exitCode: 0 });
      expect(from).toEqual(place);
    }
    await run(['backup', `--from=file:${directory}`, '--to', to, '--rate-limit=20m'], { runBackup });
    expect(from).toEqual({ ...place, bytesPerSecond: 20 * 1024 ** 2 });
    for (const [args, message] of [
      [[`--from=file:${world.path('work')}`], `no database was found by the path ${world.path('work')}`],
      [['--from=file:6362', '--rate-limit=1m'], '--rate-limit is for --from=file:PATH only'],
      [[`--from=file:${directory}`, '--rate-limit=0'], '--rate-limit must be more than 0'],
      [[`--from=file:${directory}`, '--rate-limit=fast'], '--rate-limit: fast is not a valid size'],
    ] as const) {
      const { exitCode, stderr } = await run(['backup', ...args, '--to', to], { runBackup });
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(`graphkeep: ${message}`) });
    }
  });

  it('leaves the processor to a server whose files are read, unless it is followed or that is not wanted', async () => {
    await world.makeDatabase('graph.db');
    let lowered = 0;
    const lowerPriority = () => lowered++;
    const countLowered = async (...args: string[]) => {
      lowered = 0;
      await run(['backup', ...args, '--to', world.path('backup', 'x')], { runBackup: told(), lowerPriority });
      return lowered;
    };
    const files = `--from=file:${world.database('graph.db')}`;
    expect(await countLowered(files)).toBe(1);
    expect(await countLowered(files, '--no-low-priority')).toBe(0);
    expect(await countLowered(files, '--follow=soon')).toBe(0);
    expect(await countLowered('--from=h:1')).toBe(0);
  });

  it('prints events and the report as JSON lines', async () => {
    const runBackup = told(...course);
    const { exitCode, stdout, stderr } = await run(backupArgs('--json'), { runBackup });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const note = { code: 'old-backup-moved', text: 'The old backup was moved to /b/x.err.0', path: '/b/x.err.0' };
    const place = { directory: world.path('backup', 'x'), server: '127.0.0.1:21362', protocol: 'common' };
    const started = { backup: 'full', protocol: 'common', server: 'h:1', directory: '/b/x' };
    const report = { kind: 'incremental', firstTransaction: 2, lastTransaction: 9, bytes: 10, files: 1, durationMs: 7 };
    expect(eventsOf(stdout)).toEqual([
      { event: 'progress', phase: 'waiting for the server', elapsedMs: 0 },
      { event: 'backup-started', ...started },
      { event: 'progress', phase: 'copying files', files: 1, bytes: 10, elapsedMs: 0 },
      { event: 'note', ...note },
      { event: 'report', command: 'backup', ...report, ...place, copyMs: 0, notes: [note] },
    ]);
  });

  it('--quiet leaves warnings and errors, for people and for programs', async () => {
    const runBackup = told(...course);
    const moved = 'The old backup was moved to /b/x.err.0\n';
    expect(await run(backupArgs('--quiet'), { runBackup })).toEqual({ exitCode: 0, stdout: '', stderr: moved });
    const terminal = { columns: 80 };
    expect(await run(backupArgs('--quiet'), { runBackup, terminal })).toMatchObject({ stdout: '', stderr: moved });
    const { stdout } = await run(backupArgs('--quiet', '--json'), { runBackup });
    expect(eventsOf(stdout).map(({ event }) => event)).toEqual(['note', 'report']);
    const both = await run(backupArgs('--quiet', '--verbose'));
    expect(both.exitCode).toBe(1);
    expect(both.stderr).toContain('graphkeep: --quiet and --verbose exclude each other\n');
  });

  it('without a terminal has a line when it begins, and one for each phase', async () => {
    const { stdout, stderr } = await run(backupArgs(), { runBackup: told(...course) });
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'Full backup of h:1 over the common protocol',
      'copying files: 1 file, 10 B in 0.0 s',
      'Incremental backup, transactions 2 to 9',
    ]);
    expect(stderr).toBe('The old backup was moved to /b/x.err.0\n');
  });

  it('prints the causes of a failure, for people and for programs', async () => {
    const error = new GraphkeepError('peer.unreachable', 'cannot connect', {
      place: { peer: 'h:1' },
      observed: 'ECONNREFUSED',
    });
    const runBackup: RunBackup = () => Promise.reject(new BackupFailed('no-strategy', [{ strategy: 'common', error }]));
    const text = await run(backupArgs(), { runBackup });
    expect(text.exitCode).toBe(1);
    expect(text.stderr.split('\n')).toEqual([
      'graphkeep: Failed to run a backup using the available strategies.',
      '    common protocol: cannot connect (server h:1; observed ECONNREFUSED)',
      `    ${error.hint}`,
      '',
    ]);
    const json = await run(backupArgs('--json'), { runBackup });
    expect(json.exitCode).toBe(1);
    expect(eventsOf(json.stdout)).toEqual([
      {
        event: 'error',
        command: 'backup',
        notes: [],
        code: 'peer.unreachable',
        message: 'Failed to run a backup using the available strategies.',
        hint: error.hint,
        attempts: [
          {
            protocol: 'common',
            code: 'peer.unreachable',
            message: 'cannot connect',
            place: { peer: 'h:1' },
            observed: 'ECONNREFUSED',
            hint: error.hint,
          },
        ],
      },
    ]);
  });

  it('bad values are refused with one line', async () => {
    expect((await run(backupArgs('--timeout=abc'))).stderr).toBe(
      "graphkeep: --timeout: 'abc' does not begin with a number: write a number and a unit (ms, s, m or h), as in 20m\n",
    );
    expect((await run(backupArgs('--protocol=COMMON'))).stderr).toBe(
      "graphkeep: --protocol: must be one of any, catchup, common, not 'COMMON'\n",
    );
    expect((await run(['backup', '--backup-dir=', '--name=x'])).stderr).toBe(
      'graphkeep: --backup-dir must not be empty\n',
    );
    expect(world.requested).toBeUndefined();
  });

  it('ends with 130 after an interruption', async () => {
    const controller = new AbortController();
    const runBackup: RunBackup = async () => {
      controller.abort('SIGINT');
      throw new GraphkeepError('cancelled', 'the command was interrupted');
    };
    expect((await run(backupArgs(), { runBackup, signal: controller.signal })).exitCode).toBe(130);
  });

  it('--verbose shows details and the stack', async () => {
    const runBackup: RunBackup = async (_, onEvent) => {
      onEvent({ kind: 'log-applied', transactions: 2, records: 7 });
      throw new Error('boom');
    };
    const said = 'graphkeep: boom\n    This is a mistake in graphkeep. Please report it with the whole message.\n';
    expect((await run(backupArgs(), { runBackup })).stderr).toBe(said);
    const { stderr } = await run(backupArgs('--verbose'), { runBackup });
    expect(stderr.startsWith(`Applied 2 transactions, 7 records\n${said}Error: boom\n    at `)).toBe(true);
  });
});

describe('a terminal', () => {
  it('shows progress on one line that makes room for text', async () => {
    let clock = 0;
    const runBackup: RunBackup = async (options, onEvent) => {
      onEvent({ kind: 'file-progress', name: 'a', bytes: 0, copiedFiles: 0, copiedBytes: 0 });
      onEvent({ kind: 'file-progress', name: 'a', bytes: 8192, copiedFiles: 0, copiedBytes: 8192 });
      clock += 200;
      onEvent({ kind: 'check-progress', phase: 'a part with a name that is long', doneBytes: 1, totalBytes: 2 });
      const made = { lastTransaction: 2, bytes: 8192, files: 2, durationMs: 0 };
      onEvent({ kind: 'backup-ended', backup: 'unchanged', ...made });
      return {
        kind: 'unchanged',
        firstTransaction: 2,
        ...made,
        ...placeOf(options),
        check: { warnings: 0 },
        notes: [],
      };
    };
    const { stdout, stderr } = await run(backupArgs(), {
      runBackup,
      terminal: { columns: 30 },
      now: () => new Date(clock),
    });
    expect(stderr).toBe('\rcopying files: 0 files, 0 B\x1b[K\rchecking [#####-----]  50 %\x1b[K\r\x1b[K');
    expect(stdout.split('\n')).toEqual([
      'Nothing new: the backup is up to date at transaction 2',
      '  check     consistent (0.0 s)',
      '  took      0.0 s',
      `  backup    ${world.path('backup', 'x')}`,
      '',
    ]);
  });

  it('has the word before an error in colour, unless that is not wanted', async () => {
    const args = ['inspect', world.path('nowhere')];
    const colored = await run(args, { terminal: { columns: 80, hasColor: true } });
    expect(colored.stderr).toContain('\x1b[1;31mgraphkeep:\x1b[0m there is no such directory');
    const plain = await run(args, { terminal: { columns: 80, hasColor: false } });
    expect(plain.stderr).toMatch(/^graphkeep: /);
    expect(plain.stderr).not.toContain('\x1b');
  });
});

describe('whoever asks for the state of the work', () => {
  async function askDuringBackup(...args: string[]) {
    let ask = () => {};
    let clock = 0;
    const runBackup: RunBackup = async (options, onEvent) => {
      ask();
      onEvent({ kind: 'file-progress', name: 'a', bytes: 512, copiedFiles: 3, copiedBytes: 512 });
      clock += 61_000;
      ask();
      return await told()(options, onEvent, new AbortController().signal);
    };
    const onStateRequest = (listener: () => void) => {
      ask = listener;
    };
    return await run(backupArgs(...args), { runBackup, onStateRequest, now: () => new Date(clock) });
  }

  it('gets a line, with --quiet too', async () => {
    for (const args of [[], ['--quiet']]) {
      expect((await askDuringBackup(...args)).stderr.split('\n')).toEqual([
        'graphkeep backup: at work (running for 0.0 s)',
        'graphkeep backup: copying files: 3 files, 512 B (running for 1 min 1 s)',
        '',
      ]);
    }
  });

  it('gets an event with --json', async () => {
    const states = eventsOf((await askDuringBackup('--json')).stdout).filter(({ event }) => event === 'state');
    const progress = { phase: 'copying files', files: 3, bytes: 512, elapsedMs: 0 };
    expect(states).toEqual([
      { event: 'state', command: 'backup', runningMs: 0 },
      { event: 'state', command: 'backup', runningMs: 61_000, progress },
    ]);
  });
});

describe('restore, dump and load', () => {
  it('work and report', async () => {
    await world.makeBackup();
    const from = world.path('backup', 'n34', 'n1');
    const directory = world.database('graph.db');
    const restored = await run(['restore', '--from', from, '--json']);
    expect(restored.exitCode).toBe(0);
    const report = eventsOf(restored.stdout).at(-1);
    expect(report).toMatchObject({
      event: 'report',
      command: 'restore',
      database: 'graph.db',
      directory,
      needsRecovery: false,
    });
    expect((await run(['restore', '--from', from])).stderr).toContain(
      'graphkeep: Database with name [graph.db] already exists',
    );
    expect((await run(['restore', '--from', from, '--force'])).stdout).toMatch(
      /^copying files: 33 files, .*\ngraph.db: restored 33 files, .* to /,
    );

    const archive = world.path('report', 'graph.db.dump');
    const dumped = await run(['dump', '--to', world.path('report')]);
    expect(dumped.stdout).toMatch(/^packing files: 33 files, .*\n/);
    expect(dumped.stdout).toContain(`\ngraph.db: dumped to ${archive}, `);
    expect((await run(['dump', '--to', archive, '--json'])).stdout).toContain('"code":"archive.exists"');
    const loaded = await run(['load', '--from', archive, '--database', 'two']);
    expect(loaded.exitCode).toBe(0);
    expect(loaded.stdout).toMatch(/^unpacking: 33 files, .*\n/);
    expect(loaded.stdout).toContain(`\ntwo: loaded to ${world.database('two')}\n`);
    expect(readFileSync(`${world.database('two')}/neostore`).equals(readFileSync(`${from}/neostore`))).toBe(true);
  });

  it('dump with the compression that is asked for, and say what is left out', async () => {
    await world.makeBackup();
    await run(['restore', '--from', world.path('backup', 'n34', 'n1'), '--force']);
    writeFileSync(`${world.database('graph.db')}/notes.txt`, 'mine');
    for (const [compression, mark] of [
      ['gzip', '1f8b'],
      ['zstd', '28b5'],
    ] as const) {
      const archive = world.path('report', `${compression}.dump`);
      const dumped = await run(['dump', '--to', archive, '--compression', compression, '--json']);
      const text = 'left out, since it is not part of a database: notes.txt';
      const notes = [{ code: 'entry-left-out', text, name: 'notes.txt' }];
      expect(eventsOf(dumped.stdout).at(-1)).toMatchObject({
        command: 'dump',
        compression,
        leftOut: ['notes.txt'],
        notes,
      });
      expect(readFileSync(archive).toString('hex', 0, 2)).toBe(mark);
      expect((await run(['load', '--from', archive, '--database', compression])).exitCode).toBe(0);
    }
    const { stderr } = await run(['dump', '--to', world.path('report', 'x.dump')]);
    expect(stderr).toBe('left out, since it is not part of a database: notes.txt\n');
    const unknown = await run(['dump', '--to', world.path('report', 'y.dump'), '--compression', 'lz4']);
    expect(unknown).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('neither gzip nor zstd (observed lz4)'),
    });
  });

  it('tell that the server will recover an unclean backup', async () => {
    await unpackCorpus('recovery/3.4.9-standard-dirty.tar.gz', world.path('dirty'));
    const { exitCode, stderr } = await run(['restore', '--from', world.path('dirty', 'graph.db')]);
    expect(exitCode).toBe(0);
    const text = 'The backup was not shut down cleanly; the server recovers the database at its first start, or now: ';
    const database = world.database('graph.db');
    expect(stderr).toBe(`${text}graphkeep recover ${database}\n`);
    const json = await run(['restore', '--from', world.path('dirty', 'graph.db'), '--force', '--json']);
    expect(json.stderr).toBe('');
    const notes = [{ code: 'recovery-needed', text: `${text}graphkeep recover ${database}` }];
    expect(eventsOf(json.stdout).at(-1)).toMatchObject({
      command: 'restore',
      needsRecovery: true,
      notes,
    });

    const dump = ['dump', '--to', world.path('report')];
    const refused = await run(dump);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(`graphkeep recover ${database}`);
    const recovered = await run(['recover', database]);
    expect(recovered).toMatchObject({ exitCode: 0, stderr: '' });
    const lines = recovered.stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toBe(`${database}: recovered up to transaction 286; 112 transactions applied.`);
    expect(lines.map((line) => /^(.*?)(?:: | in )/.exec(line)?.[1])).toEqual([
      'reading the log',
      'writing records',
      'updating the label scan store',
      'updating indexes',
      'updating counts',
      database,
    ]);
    expect((await run(dump)).exitCode).toBe(0);
    const again = await run(['recover', database, '--json']);
    expect(again.exitCode).toBe(0);
    const nothing = { transactions: 0, records: 0, tornBytes: 0 };
    const report = { command: 'recover', directory: database, state: 'clean', lastTransaction: 286, ...nothing };
    expect(eventsOf(again.stdout)).toEqual([{ event: 'report', notes: [], ...report }]);
    expect(await run(['recover', world.path('nope')])).toMatchObject({ exitCode: 1, stdout: '' });
  });

  it('refuse a path for a database', async () => {
    const { exitCode, stderr } = await run(['restore', '--from=x', '--database=a/b']);
    expect(exitCode).toBe(1);
    expect(stderr).toBe("graphkeep: 'database' should be a name but you seem to have specified a path: a/b\n");
  });
});

describe('inspect', () => {
  it.each(['3.4.9-standard', '3.4.9-high_limit', '3.5.34-standard', '3.5.0-beta03-high_limit'])(
    'agrees with what the server said about %s',
    async (name) => {
      await unpackCorpus(`stores/${name}.tar.gz`, world.path('store'));
      const { gunzipSync } = await import('node:zlib');
      const { corpusPath } = await import('../../../test/support/corpus/unpack-corpus.ts');
      const expected = JSON.parse(gunzipSync(readFileSync(corpusPath(`stores/${name}.expected.json.gz`))).toString());
      const { exitCode, stdout } = await run(['inspect', '--json', world.path('store', 'graph.db')]);
      expect(exitCode).toBe(0);
      const report = eventsOf(stdout)[0]!;
      expect(report).toMatchObject({
        inUse: false,
        store: { version: expected.recordFormat, format: name.includes('high_limit') ? 'high_limit' : 'standard' },
        log: { state: 'clean', transactionsToReplay: 0, tornBytes: 0 },
        counts: { nodes: expected.nodes.length, relationships: expected.relationships.length },
      });
      const { indexes, constraints } = report.schema as { indexes: unknown[]; constraints: unknown[] };
      expect(indexes).toHaveLength(expected.indexes.length);
      expect(constraints).toHaveLength(expected.constraints.length);
    },
  );

  it('says what a recovery would do, and who uses the store', async () => {
    await unpackCorpus('recovery/3.4.9-standard-dirty.tar.gz', world.path('dirty'));
    const directory = world.path('dirty', 'graph.db');
    writeFileSync(`${directory}/store_lock`, '');
    const server = await lockFile(`${directory}/store_lock`);
    const { exitCode, stdout } = await run(['inspect', directory]);
    await server.release();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^State: +needs recovery: 112 transactions to replay$/m);
    expect(stdout).toMatch(/^In use: +yes$/m);
    expect(stdout).toMatch(/^Nodes: +unknown$/m);
    expect(stdout).toMatch(/^Unknown: +counts: the counts store is of transaction \d+, the last transaction is 286$/m);
    expect(stdout).toMatch(/^Last transaction: +286, committed /m);
    expect(stdout).toMatch(/^Index: +unique on :Person\(email\) \[lucene\+native-2.0, index_3\]$/m);
  });

  it('refuses what is no store', async () => {
    expect((await run(['inspect', world.path('nope')])).stderr).toContain('there is no such directory');
    expect((await run(['inspect', world.path('report')])).stderr).toContain('this is not a backup or database');
    writeFileSync(world.path('report', 'neostore'), 'rubbish');
    const { exitCode, stderr } = await run(['inspect', world.path('report')]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(world.path('report', 'neostore'));
  });
});

describe('completion', () => {
  it('bash: completes commands and options', async () => {
    const { exitCode, stdout } = await run(['completion', 'bash']);
    expect(exitCode).toBe(0);
    const complete = (words: string[]) => {
      const script = `${stdout}
        COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
        _graphkeep graphkeep '${words.at(-1)}'; echo "\${COMPREPLY[*]}"`;
      return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim();
    };
    expect(complete(['graphkeep', 'ba'])).toBe('backup');
    expect(complete(['graphkeep', 'restore', '--f'])).toBe('--from --force');
  });

  it('zsh and fish: know every command and option; other shells are refused', async () => {
    for (const shell of ['zsh', 'fish']) {
      const { stdout } = await run(['completion', shell]);
      for (const { name, options } of nativeCommands) {
        expect(stdout).toContain(name);
        for (const option of options) expect(stdout).toContain(option.name);
      }
    }
    expect(await run(['completion', 'tcsh'])).toMatchObject({
      exitCode: 1,
      stderr: "graphkeep: there is no completion for 'tcsh', only for bash, zsh, fish\n",
    });
  });
});
