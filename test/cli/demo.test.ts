import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runAdminCommand } from '../../src/cli/graphkeep/demo-commands.ts';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { blockTypes } from '../../src/store/records/property-block-layout.ts';
import { JsonPage } from '../support/commands/json-page.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { campaign } from '../support/random/campaign-size.ts';

/* The demonstration as `npm run demo` runs it; in the short form, with fewer writers and transactions, and pauses. */

const demoPlan = campaign.isShort ? { writers: 2, early: 60, later: 60, after: 10, pauseMs: 5 } : undefined;

let scratch: string;
beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  vi.stubEnv('TMPDIR', scratch);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await removeDirectory(scratch);
});

/** Runs it; `onText` sees every line. */
async function demo(args: string[], onText: (text: string) => void = () => {}, signal = new AbortController().signal) {
  let stdout = '';
  let stderr = '';
  const exitCode = await runGraphkeep(['demo', ...args], {
    env: {},
    cwd: scratch,
    stdout: (text) => {
      stdout += text;
      onText(text);
    },
    stderr: (text) => {
      stderr += text;
    },
    signal,
    now: () => new Date(),
    ...(demoPlan === undefined ? {} : { demoPlan }),
  });
  return { exitCode, stdout, stderr };
}

it('the demo backs up, restores and compares, and its report is measured', async () => {
  const { exitCode, stdout, stderr } = await demo(['--json', '--keep']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const page = new JsonPage();
  expect(lines.flatMap((line) => page.findDifferences(line))).toEqual([]);
  const isOfOthers = (name: string) => !/^(?:report of demo |line )|"writing"$/.test(name);
  expect(page.findDeadRows(isOfOthers)).toEqual([]);
  const report = lines.at(-1);
  expect(report).toMatchObject({ event: 'report', command: 'demo', writers: demoPlan?.writers ?? 8 });
  const [full, incremental] = report.backups;
  expect([full.kind, incremental.kind]).toEqual(['full', 'incremental']);
  expect(incremental.firstTransaction).toBe(full.lastTransaction + 1);
  expect(full.transactionsMeanwhile).toBeGreaterThan(0);
  expect(report.proofs.length).toBe(9);
  for (const { compared, differences } of report.proofs) {
    expect(compared).toBeGreaterThan(0);
    expect(differences).toEqual([]);
  }
  expect(report.notes).toMatchObject([{ code: 'demo-kept', path: report.folders.root }]);
});

it('the demo leaves everything with --keep, and says what to type', async () => {
  const { exitCode, stdout, stderr } = await demo(['--keep']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Everything held: ');
  const [root] = readdirSync(scratch);
  expect(stderr).toContain(`Everything is still in ${scratch}/${root}`);
  const restored = /graphkeep inspect (\S+)/.exec(stdout)![1]!;
  expect(existsSync(restored)).toBe(true);
  expect(stdout).toMatch(/\$ bin\/neo4j-admin backup --from=127\.0\.0\.1:\d+ --backup-dir=\S+ --name=bank\n/);
  expect(stdout).toMatch(/\$ NEO4J_HOME=\S+ bin\/neo4j-admin restore --from=\S+ --database=bank\.db\n/);
  const inspected = await runGraphkeep(['inspect', restored], {
    env: {},
    cwd: scratch,
    stdout: (text) => expect(text).toMatch(/State: +clean/),
    stderr: () => {},
    signal: new AbortController().signal,
    now: () => new Date(),
  });
  expect(inspected).toBe(0);
});

it.each(campaign.sample(['2. ', '4. ', '5. ', '6. ']))(
  'the demo cleans up when it is interrupted at step %s',
  async (step) => {
    const controller = new AbortController();
    const onText = (text: string) => {
      if (text.trimStart().startsWith(step)) controller.abort('SIGINT');
    };
    const { exitCode, stdout, stderr } = await demo([], onText, controller.signal);
    expect(exitCode).toBe(130);
    expect(stderr).toContain('interrupted');
    expect(stdout).not.toContain('Everything held');
    expect(readdirSync(scratch)).toEqual([]);
  },
);

it('the demo finds what was changed in the restored database, and says that it differs', async () => {
  let changed = 0;
  const { exitCode, stdout } = await demo(['--json'], (text) => {
    if (!text.includes('The proof: ')) return;
    const [root] = readdirSync(scratch);
    const file = join(scratch, root!, 'server/data/databases/bank.db/neostore.propertystore.db');
    changed = changeNumbers(file);
  });
  expect(changed).toBeGreaterThan(0);
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ event: 'error', code: 'demo.difference' });
});

/**
 * Changes one bit of the first value of every property record of 41 bytes that is a whole number in the record itself, such as the balances
 * of the accounts (spec record-stores 6.4, 8). Returns how many there are.
 */
function changeNumbers(file: string): number {
  const bytes = readFileSync(file);
  let count = 0;
  for (let at = 0; at + 41 <= bytes.length; at += 41) {
    const head = bytes[at + 13]!;
    const isInline = (head & 0x0f) === blockTypes.int || ((head & 0x0f) === blockTypes.long && (head & 0x10) !== 0);
    if (!isInline) continue;
    bytes[at + 13] = head ^ 0x20;
    count++;
  }
  writeFileSync(file, bytes);
  return count;
}

it('the demo ends with the text of a command that fails', async () => {
  const context = {
    env: {},
    cwd: scratch,
    stdout: () => {},
    stderr: () => {},
    signal: new AbortController().signal,
    now: () => new Date(),
  };
  const args = ['restore', `--from=${join(scratch, 'nowhere')}`, '--database=bank.db'];
  await expect(runAdminCommand(args, context, scratch)).rejects.toMatchObject({
    code: 'demo.failed',
    message: expect.stringContaining('nowhere'),
  });
});
