import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Entry of a child process that makes one backup and kills itself (SIGKILL) at a given step. A step is a call that changes the file
 * system. A write that is the last step is half done first, as a kill may leave it.
 *
 *     node doomed-process.mjs '{"backupDir", "from", "options", "killAt"}'      killAt 0 = never; the last line of stdout is the result
 */

interface Doom {
  backupDir: string;
  from: { host: string; port: number };
  options: object;
  killAt: number;
  steps: { count: number };
}

type AnyFunction = (...args: unknown[]) => unknown;

const CHANGES = [
  'writeSync',
  'writeFileSync',
  'ftruncateSync',
  'fsyncSync',
  'fsync',
  'fdatasync',
  'mkdirSync',
  'renameSync',
  'rmSync',
  'unlinkSync',
];
const PROMISED_CHANGES = ['mkdir', 'rename', 'rm', 'rmdir', 'unlink', 'writeFile', 'truncate'];
const HANDLE_CHANGES = ['write', 'writeFile', 'truncate', 'sync', 'datasync'];

function countStep(doom: Doom, name: string, original: AnyFunction, self: unknown, args: unknown[]): void {
  doom.steps.count++;
  if (doom.steps.count !== doom.killAt) return;
  const [target, bytes, offset, length, position] = args;
  const half = Math.floor(Number(length) / 2);
  if (name === 'writeSync' && half > 0) original.call(self, target, bytes, offset, half, position);
  process.kill(process.pid, 'SIGKILL');
}

function spy(owner: object, name: string, doom: Doom): void {
  const functions = owner as Record<string, AnyFunction>;
  const original = functions[name]!;
  functions[name] = function (this: unknown, ...args: unknown[]) {
    countStep(doom, name, original, this, args);
    return original.apply(this, args);
  };
}

/** Creating a file is a change, reading one is not. */
function spyOpen(owner: object, name: string, doom: Doom): void {
  const functions = owner as Record<string, AnyFunction>;
  const original = functions[name]!;
  functions[name] = (...args) => {
    if (
      /[wa]/.test(String(args[1] ?? 'r')) ||
      (typeof args[1] === 'number' && (args[1] & fs.constants.O_CREAT) !== 0)
    ) {
      countStep(doom, name, original, undefined, args);
    }
    return original(...args);
  };
}

async function main(): Promise<void> {
  const doom: Doom = { ...JSON.parse(process.argv[2]!), steps: { count: 0 } };
  const handle = await open(process.argv[1]!);
  const handles = Object.getPrototypeOf(handle);
  await handle.close();
  for (const name of CHANGES) spy(fs, name, doom);
  for (const name of PROMISED_CHANGES) spy(fs.promises, name, doom);
  for (const name of HANDLE_CHANGES) spy(handles, name, doom);
  spyOpen(fs, 'openSync', doom);
  spyOpen(fs.promises, 'open', doom);
  syncBuiltinESMExports();
  // Loaded now, because some modules keep the functions that they find.
  const { runBackup } = await import('../../src/backup/backup-job.ts');
  const { jobOptions } = await import('./job-options.ts');
  const { describeError, GraphkeepError } = await import('../../src/base/errors.ts');
  const { backupDir, from, options } = doom;
  const events = { line: () => {}, note: () => {}, debug: () => {} };
  const result: { steps: number; error?: object } = { steps: 0 };
  try {
    await runBackup(jobOptions(backupDir, from, options), events, new AbortController().signal);
  } catch (error) {
    const chain: string[] = [];
    for (let e = error; e instanceof Error; e = e.cause) chain.push(describeError(e));
    result.error = { code: error instanceof GraphkeepError ? error.code : 'none', chain };
  }
  result.steps = doom.steps.count;
  console.log(JSON.stringify(result));
}

await main();
