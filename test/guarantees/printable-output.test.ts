import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackupFailed, type RunBackup } from '../../src/backup/backup-options.ts';
import { GraphkeepError } from '../../src/base/errors.ts';
import type { CommandContext } from '../../src/cli/command-context.ts';
import { adminCommands, nativeCommands } from '../../src/cli/command-table.ts';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { runNeo4jAdmin } from '../../src/cli/neo4j-admin/front.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { World } from '../support/commands/world.ts';
import { anyText } from '../support/random/any-text.ts';
import { campaign } from '../support/random/campaign-size.ts';

/*
 * Promise: untrusted names and values never reach a terminal unescaped, by any way out of the program: no control characters, no line that
 * pretends to be one of ours, no more of them than fits into a message.
 */

const FORGED = 'FORGED: Backup complete.';
/** One of each class that a terminal or an editor obeys. */
const HOSTILE = `a\n${FORGED}\r${FORGED}\x1b[2J\x1b]0;t\x07\x7f\x9b31m\u202eb\u2028${FORGED}\u2029\u200d\u{e0041}`;
const HUGE = `b${'x'.repeat(1 << campaign.size(20, 15))}`;

const hostileValue = fc.oneof(
  fc.constantFrom(HOSTILE, HUGE, `../${HOSTILE}`, `/${HOSTILE}`, `${HOSTILE}=1`, `1${HOSTILE}`, `[${HOSTILE}]:1`),
  anyText(40).map((text) => `${text}\n${FORGED}`),
);

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

const fronts = { graphkeep: runGraphkeep, 'neo4j-admin': runNeo4jAdmin } as const;
type Front = keyof typeof fronts;

async function run(front: Front, args: readonly string[], changes: Partial<CommandContext> = {}): Promise<string> {
  world.stdout = '';
  world.stderr = '';
  const exitCode = await fronts[front](args, { ...world.context(), ...changes });
  expect(Number.isInteger(exitCode)).toBe(true);
  expectPrintable(world.stdout);
  expectPrintable(world.stderr);
  return world.stdout + world.stderr;
}

/** `usage` texts are long; the untrusted part in them is not. */
function expectPrintable(output: string): void {
  expect(output).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  expect(output).not.toMatch(/^FORGED/m);
  expect(output).not.toMatch(/[^\s"]{8200}/);
  for (const line of output.split('\n').filter((text) => text.startsWith('{'))) JSON.parse(line);
}

/** What a command needs to get as far as the value. */
const plausible: Record<string, string> = { name: 'x', from: 'x', to: 'x', 'backup-dir': '.', database: 'x' };

describe.each([
  ['graphkeep', nativeCommands.filter(({ name }) => name !== 'demo')],
  ['neo4j-admin', adminCommands],
] as const)('%s', (front, commands) => {
  const options = commands.flatMap(({ name: command, options }) =>
    options.map(({ name: option }) => ({ command, option })),
  );

  it.each(options)('$command shows no --$option unescaped', async ({ command, option }) => {
    const { options } = commands.find(({ name }) => name === command)!;
    const others = options
      .filter(({ name, mandatory }) => mandatory === true && name !== option)
      .map(({ name }) => `--${name}=${plausible[name]}`);
    const positionals = front === 'graphkeep' && ['check', 'inspect', 'completion', 'recover'].includes(command);
    const tries = fc.asyncProperty(hostileValue, fc.boolean(), async (value, json) => {
      const args = [command, ...others, ...(positionals ? ['x'] : []), `--${option}=${value}`];
      if (json && options.some(({ name }) => name === 'json')) args.push('--json', '--verbose');
      // Only `serve` could start to wait for something.
      await run(front, args, { signal: AbortSignal.abort('SIGTERM') });
    });
    await fc.assert(tries, { numRuns: campaign.rounds(12) });
  });

  it('no command, argument, option or variable is shown unescaped', async () => {
    const tries = fc.asyncProperty(hostileValue, fc.constantFrom(...commands), async (value, { name }) => {
      await run(front, [value]);
      await run(front, ['help', value]);
      await run(front, [name, value]);
      await run(front, [name, value, value]);
      await run(front, [name, `--${value}`]);
      const env = { NEO4J_HOME: value, NEO4J_CONF: value, HEAP_SIZE: value, NEO4J_DEBUG: '' };
      const args = ['dump', 'restore', 'load'].map((command) => [command, '--from=x', '--to=x']);
      for (const more of args) await run(front, more.filter(takenBy(more[0]!)), { env });
      await run(front, ['backup', '--backup-dir=.', '--name=x'], { env });
    });
    await fc.assert(tries, { numRuns: campaign.rounds(15) });
  });

  it('no setting and no settings file is shown unescaped', async () => {
    const names = ['dbms.backup.address', 'dbms.backup.ssl_policy', 'dbms.directories.data', HOSTILE];
    const tries = fc.asyncProperty(hostileValue, fc.constantFrom(...names), async (value, setting) => {
      await world.configure(`${setting}=${value}\ndbms.config.strict_validation=true\n`);
      const debug = { env: { ...world.context().env, NEO4J_DEBUG: '' } };
      await run(front, ['backup', '--backup-dir=.', '--name=x'], debug);
      await run(front, ['dump', '--to=x'], debug);
      await world.configure(`dbms.x=\\u${value}\n`);
      await run(front, ['dump', '--to=x'], debug);
    });
    await fc.assert(tries, { numRuns: campaign.rounds(20) });
  });

  it('no event of a job is shown unescaped', async () => {
    const tries = fc.asyncProperty(hostileValue, fc.boolean(), fc.boolean(), async (value, json, known) => {
      const error = known
        ? new GraphkeepError('peer.failure', value, { place: { peer: value, file: value, offset: 1 }, observed: value })
        : new Error(value, { cause: new Error(value) });
      const runBackup: RunBackup = async (_, onEvent) => {
        onEvent({ kind: 'file-began', name: value });
        onEvent({ kind: 'old-backup-moved', path: value });
        onEvent({
          kind: 'request-repeated',
          request: 'file',
          name: value,
          attempt: 1,
          error: new GraphkeepError('peer.failure', value),
        });
        throw new BackupFailed('execution', [{ strategy: 'common', error }]);
      };
      const args = ['backup', '--backup-dir=.', '--name=x'];
      if (json && front === 'graphkeep') args.push('--json', '--verbose');
      const env = { ...world.context().env, ...(json ? { NEO4J_DEBUG: '' } : {}) };
      await run(front, args, { runBackup, env });
      await run(front, args, { runBackup: () => Promise.reject(error), env });
    });
    await fc.assert(tries, { numRuns: campaign.rounds(20) });
  });
});

function takenBy(command: string) {
  return (argument: string) => argument !== (command === 'dump' ? '--from=x' : '--to=x');
}

describe('what a store holds', () => {
  /** File names contain no `/` and no 0, and end at 255 bytes. */
  const FILE_NAME = Buffer.from(HOSTILE).subarray(0, 200).toString().replaceAll('\ufffd', '');

  async function makeStore(): Promise<string> {
    const directory = world.path('store', FILE_NAME);
    mkdirSync(directory, { recursive: true });
    const db = await EmbeddedDatabase.open(directory);
    await db.createIndex(HOSTILE, [HUGE]);
    await db.close();
    return directory;
  }

  it('the content of a store is inspected, checked, dumped and restored in printable characters', async () => {
    const directory = await makeStore();
    for (const json of [[], ['--json', '--verbose']]) {
      const shown = await run('graphkeep', ['inspect', directory, ...json]);
      expect(shown).toMatch(/Index:|"indexes"/);
    }
    mkdirSync(join(directory, 'schema', 'index', 'native-btree-1.0', FILE_NAME), { recursive: true });
    writeFileSync(join(directory, 'neostore.labelscanstore.db'), '');
    const report = `--report-dir=${world.path('report')}`;
    for (const json of [[], ['--json']]) await run('graphkeep', ['check', directory, report, ...json]);
    await run('neo4j-admin', ['check-consistency', `--backup=${directory}`, report]);
    const reports = readdirSync(world.path('report')).map((name) => readFileSync(world.path('report', name), 'utf8'));
    expect(reports.length).toBeGreaterThan(0);
    for (const text of reports) expectPrintable(text);

    await run('graphkeep', ['restore', `--from=${directory}`, `--database=${FILE_NAME}`, '--verbose']);
    await run('graphkeep', ['restore', `--from=${directory}`, `--database=${FILE_NAME}`]);
    await run('neo4j-admin', ['restore', `--from=${directory}`, `--database=${FILE_NAME}`]);
    await run('graphkeep', ['dump', `--to=${world.path('report')}`, `--database=${FILE_NAME}`, '--verbose']);
    await run('graphkeep', ['dump', `--to=${world.path('report')}`, `--database=${FILE_NAME}`, '--json']);
  });

  it('the content of a store is served in printable characters', async () => {
    const directory = await makeStore();
    const stop = AbortSignal.abort('SIGTERM');
    for (const json of [[], ['--json']]) {
      const args = ['serve', `--database=${directory}`, '--listen=127.0.0.1:20000-60000', ...json];
      expect(await run('graphkeep', args, { signal: stop })).toContain('istening');
    }
    await cp(directory, world.path('torn'), { recursive: true });
    writeFileSync(world.path('torn', 'neostore'), HOSTILE);
    await run('graphkeep', ['serve', `--database=${world.path('torn')}`]);
  });
});

it('a terminal shows progress in printable characters', async () => {
  const runBackup: RunBackup = async (_, onEvent) => {
    onEvent({ kind: 'check-progress', phase: HOSTILE, doneBytes: 1, totalBytes: 1 });
    throw new Error(HOSTILE);
  };
  world.stderr = '';
  const context = { ...world.context(), runBackup, terminal: { columns: 400 } };
  await runGraphkeep(['backup', '--backup-dir=.', '--name=x'], context);
  const clear = '\x1b[K';
  const [start, drawn, rest] = world.stderr.split('\r').map((part) => part.replaceAll(clear, ''));
  expect(start).toBe('');
  expect(drawn).toContain('\\x1b[2J');
  expectPrintable(drawn!);
  expect(rest).toMatch(/^graphkeep: /);
  expectPrintable(rest!);
});
