import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hasCode } from './errors.ts';
import { isMissing } from './file-errors.ts';
import { type FileLock, tryLockFile } from './file-lock.ts';

let afterOpen: (() => Promise<void>) | undefined;
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return {
    ...real,
    open: async (...args: Parameters<typeof real.open>) => {
      const file = await real.open(...args);
      const action = afterOpen;
      afterOpen = undefined;
      await action?.();
      return file;
    },
  };
});

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'graphkeep-lock-'));
  path = join(directory, 'store_lock');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('what is no lock file', () => {
  it.each<[string, () => void, string]>([
    ['a link that leads nowhere', () => symlinkSync('nowhere', path), 'a link that leads nowhere'],
    ['a directory', () => mkdirSync(path), 'a directory, a pipe or a device'],
    ['a pipe', () => execFileSync('mkfifo', [path]), 'a directory, a pipe or a device'],
    ['a link to a directory', () => symlinkSync(directory, path), 'a directory, a pipe or a device'],
  ])('%s is reported, not mistaken for a lock of others', async (_what, make, observed) => {
    make();
    for (const shared of [false, true]) {
      await expect(tryLockFile(path, { shared, remove: 'always' })).rejects.toMatchObject({
        code: 'file.io',
        observed,
      });
    }
    expect(lstatSync(path)).toBeDefined();
  });
});

describe('an exclusive lock', () => {
  it('an exclusive lock excludes others until it is released', async () => {
    writeFileSync(path, '');
    const first = await tryLockFile(path);
    expect(first).toBeDefined();
    expect(await tryLockFile(path)).toBeUndefined();
    expect(await tryLockFile(path, { shared: true })).toBeUndefined();
    expect(await tryLockFile(path)).toBeUndefined();
    await first!.release();
    await first!.release();
    const second = await tryLockFile(path);
    expect(second).toBeDefined();
    await second!.release();
    expect(existsSync(path)).toBe(true);
  });

  it('an exclusive lock removes the file that it created, and only that', async () => {
    const lock = await tryLockFile(path);
    expect(lock!.created).toBe(true);
    expect(statSync(path).size).toBe(0);
    await lock!.release();
    expect(existsSync(path)).toBe(false);

    const kept = await tryLockFile(path, { remove: 'never' });
    await kept!.release();
    expect(existsSync(path)).toBe(true);
  });

  it('an exclusive lock does not remove a file that took the name of the one it created', async () => {
    const lock = await tryLockFile(path);
    rmSync(path);
    writeFileSync(path, 'another');
    await lock!.release();
    expect(existsSync(path)).toBe(true);
  });

  it('an exclusive lock notices that the file it opened lost its name before it could be locked', async () => {
    // Between our open and our lock the holder removes the file, and another process creates and locks a new one.
    writeFileSync(path, '');
    let other: FileLock | undefined;
    afterOpen = async () => {
      rmSync(path);
      other = await tryLockFile(path);
    };
    expect(await tryLockFile(path)).toBeUndefined();
    expect(other?.created).toBe(true);
    await other!.release();
  });

  it('an exclusive lock does not create the file when told not to', async () => {
    await expect(tryLockFile(path, { create: false })).rejects.toSatisfy(isMissing);
    expect(existsSync(path)).toBe(false);
  });

  it('an exclusive lock reports a directory in the place of the file', async () => {
    await expect(tryLockFile(directory)).rejects.toSatisfy((error) => hasCode(error, 'file.io'));
  });
});

describe('a shared lock', () => {
  it('a shared lock admits other shared locks and no exclusive one', async () => {
    writeFileSync(path, '');
    chmodSync(path, 0o444);
    const first = await tryLockFile(path, { shared: true });
    const second = await tryLockFile(path, { shared: true });
    expect(second).toBeDefined();
    chmodSync(path, 0o644);
    expect(await tryLockFile(path)).toBeUndefined();
    await first!.release();
    expect(await tryLockFile(path)).toBeUndefined();
    await second!.release();
    const third = await tryLockFile(path);
    expect(third).toBeDefined();
    await third!.release();
  });

  it('a shared lock leaves the file that it created to the other holders', async () => {
    const first = await tryLockFile(path, { shared: true });
    const second = await tryLockFile(path, { shared: true });
    await first!.release();
    expect(existsSync(path)).toBe(true);
    await second!.release();
  });

  it('a shared lock removes a file left by a killed holder, if it is the last one', async () => {
    writeFileSync(path, '');
    const options = { shared: true, remove: 'always' } as const;
    const first = await tryLockFile(path, options);
    const second = await tryLockFile(path, options);
    await first!.release();
    expect(existsSync(path)).toBe(true);
    await second!.release();
    expect(existsSync(path)).toBe(false);
  });
});

describe('between processes', () => {
  const repository = fileURLToPath(new URL('../..', import.meta.url));
  const module = fileURLToPath(new URL('./file-lock.ts', import.meta.url));

  it('a lock is seen by other processes, and is gone with the process that held it', async () => {
    const script = `import { tryLockFile } from ${JSON.stringify(module)};
      await tryLockFile(process.argv[1]); console.log('locked'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: repository,
    });
    await once(child.stdout, 'data');
    expect(await tryLockFile(path)).toBeUndefined();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await tryLockFile(path);
    expect(lock?.created).toBe(false);
    await lock!.release();
  });

  it('a lock never has two holders while the file comes and goes', async () => {
    // Lockers create, lock and unlink the same name, so the inode comparison must catch every stale open. Creating the directory fails if
    // two hold the lock at once.
    const script = `import { mkdirSync, rmdirSync } from 'node:fs';
      import { tryLockFile } from ${JSON.stringify(module)};
      const [path] = process.argv.slice(1);
      let taken = 0;
      for (const end = Date.now() + 1500; Date.now() < end; ) {
        const lock = await tryLockFile(path);
        if (lock === undefined) continue;
        mkdirSync(path + '.witness'); rmdirSync(path + '.witness');
        taken++;
        await lock.release();
      }
      console.log(taken);`;
    const children = [1, 2, 3].map(async () => {
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, path], {
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: repository,
      });
      const output: string[] = [];
      child.stdout.on('data', (chunk) => output.push(String(chunk)));
      child.stderr.on('data', (chunk) => output.push(String(chunk)));
      const [code] = await once(child, 'close');
      return { code, output: output.join('') };
    });
    for (const { code, output } of await Promise.all(children)) {
      expect(output).toMatch(/^\d+\n$/);
      expect(code).toBe(0);
    }
  });
});
