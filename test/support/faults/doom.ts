import fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

type AnyFunction = (...args: unknown[]) => unknown;

const CHANGES = [
  'writeSync',
  'writeFileSync',
  'ftruncateSync',
  'fsyncSync',
  'fdatasyncSync',
  'fsync',
  'fdatasync',
  'mkdirSync',
  'renameSync',
  'rmSync',
  'unlinkSync',
];
const PROMISED_CHANGES = ['mkdir', 'rename', 'rm', 'rmdir', 'unlink', 'writeFile', 'truncate'];
const HANDLE_CHANGES = ['write', 'writeFile', 'truncate', 'sync', 'datasync'];

/**
 * Counts the calls of this process that change the file system, and kills it (SIGKILL) at one of them; a write is half done first, as a
 * kill may leave it. Await it before anything else is loaded, because some modules keep the functions that they find.
 */
export class Doom {
  /** Calls so far. */
  steps = 0;
  private readonly killAt: number;

  private constructor(killAt: number) {
    this.killAt = killAt;
  }

  /** `killAt`: the step, from 1; 0 = never. */
  static async arm(killAt: number): Promise<Doom> {
    const doom = new Doom(killAt);
    const handle = await open(process.execPath);
    const handles = Object.getPrototypeOf(handle);
    await handle.close();
    for (const name of CHANGES) doom.spy(fs, name);
    for (const name of PROMISED_CHANGES) doom.spy(fs.promises, name);
    for (const name of HANDLE_CHANGES) doom.spy(handles, name);
    doom.spyOpen(fs, 'openSync');
    doom.spyOpen(fs.promises, 'open');
    syncBuiltinESMExports();
    return doom;
  }

  private countStep(name: string, original: AnyFunction, self: unknown, args: unknown[]): void {
    this.steps++;
    if (this.steps !== this.killAt) return;
    const [target, bytes, offset, length, position] = args;
    const half = Math.floor(Number(length) / 2);
    if (name === 'writeSync' && half > 0) original.call(self, target, bytes, offset, half, position);
    process.kill(process.pid, 'SIGKILL');
  }

  private spy(owner: object, name: string): void {
    const functions = owner as Record<string, AnyFunction>;
    const original = functions[name]!;
    const step = this.countStep.bind(this);
    functions[name] = function (this: unknown, ...args: unknown[]) {
      // Program output is not a change.
      if (args[0] !== 1 && args[0] !== 2) step(name, original, this, args);
      return original.apply(this, args);
    };
  }

  /** Creating a file is a change, reading one is not. */
  private spyOpen(owner: object, name: string): void {
    const functions = owner as Record<string, AnyFunction>;
    const original = functions[name]!;
    functions[name] = (...args) => {
      if (
        /[wa]/.test(String(args[1] ?? 'r')) ||
        (typeof args[1] === 'number' && (args[1] & fs.constants.O_CREAT) !== 0)
      ) {
        this.countStep(name, original, undefined, args);
      }
      return original(...args);
    };
  }
}
