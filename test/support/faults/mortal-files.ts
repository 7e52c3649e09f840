import type * as FileSystem from 'node:fs';
import type * as FilePromises from 'node:fs/promises';

/** Thrown where the process would be dead. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/**
 * Intercepts the file system and simulates death at a chosen change: that one is half done if it is a write, or not done at all, and
 * nothing after it has any effect, not even cleanup. Use it in a separate test file:
 *
 *     vi.mock('node:fs', async (original) => mortal.wrapSync(await original()));
 *     vi.mock('node:fs/promises', async (original) => mortal.wrapPromises(await original()));
 */
export class MortalFiles {
  /** Changes since {@link arm}. */
  changes = 0;
  private deathAt = Number.POSITIVE_INFINITY;
  private armed = false;

  /** Counts changes from now on; number `deathAt` (from 1) is the last one and is half done. */
  arm(deathAt = Number.POSITIVE_INFINITY): void {
    this.changes = 0;
    this.deathAt = deathAt;
    this.armed = true;
  }

  disarm(): void {
    this.armed = false;
  }

  /** True: do the change. Throws when dead. False: this is the moment of death; do half of it and throw. */
  private live(): boolean {
    if (!this.armed) return true;
    this.changes++;
    if (this.changes > this.deathAt) throw new Killed();
    return this.changes < this.deathAt;
  }

  private require(): void {
    if (!this.live()) throw new Killed();
  }

  wrapSync(fs: typeof FileSystem): typeof FileSystem {
    const { openSync, writeSync } = fs;
    const guarded = this.guard(fs, [
      'writeFileSync',
      'ftruncateSync',
      'rmSync',
      'unlinkSync',
      'renameSync',
      'mkdirSync',
    ]);
    const wrapped = {
      ...fs,
      ...guarded,
      openSync: (path: string, flags: string | number, ...rest: never[]) => {
        if (creates(flags)) this.require();
        return openSync(path, flags, ...rest);
      },
      writeSync: (fd: number, bytes: Uint8Array, offset = 0, length = bytes.length - offset, position?: number) => {
        if (this.live()) return writeSync(fd, bytes, offset, length, position);
        writeSync(fd, bytes, offset, Math.floor(length / 2), position);
        throw new Killed();
      },
    };
    return { ...wrapped, default: wrapped } as unknown as typeof FileSystem;
  }

  wrapPromises(fs: typeof FilePromises): typeof FilePromises {
    const { open } = fs;
    const guarded = this.guard(fs, ['writeFile', 'truncate', 'rm', 'rmdir', 'unlink', 'rename', 'mkdir', 'copyFile']);
    const wrapped = {
      ...fs,
      ...guarded,
      open: async (path: string, flags: string | number, ...rest: never[]) => {
        if (creates(flags)) this.require();
        const handle = await open(path, flags, ...rest);
        return Object.assign(handle, this.guard(handle, ['write', 'writeFile', 'truncate', 'appendFile']));
      },
    };
    return { ...wrapped, default: wrapped } as unknown as typeof FilePromises;
  }

  // biome-ignore lint/suspicious/noExplicitAny: whatever the arguments are, they are passed on
  private guard(target: any, names: string[]): Record<string, unknown> {
    return Object.fromEntries(
      names.map((name) => {
        const original = target[name].bind(target);
        const guarded = (...args: unknown[]) => {
          this.require();
          return original(...args);
        };
        return [name, guarded];
      }),
    );
  }
}

function creates(flags: string | number): boolean {
  return typeof flags === 'string' && /[wa]/.test(flags);
}
