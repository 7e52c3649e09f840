import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The executables as installed: bundled from these sources and started by the shell. */
export class InstalledPrograms {
  private constructor(readonly root: string) {}

  static install(): InstalledPrograms {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'graphkeep-bin-')));
    // The global setup has built it.
    cpSync(join(repository, 'dist'), join(root, 'dist'), { recursive: true });
    cpSync(join(repository, 'bin'), join(root, 'bin'), { recursive: true });
    cpSync(join(repository, 'package.json'), join(root, 'package.json'));
    symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
    for (const name of ['home', 'empty']) mkdirSync(join(root, name));
    return new InstalledPrograms(root);
  }

  /** Path of a program. */
  path(name: string): string {
    return join(this.root, 'bin', name);
  }

  /** Runs a program to its end in an empty directory. `home`: NEO4J_HOME with `conf` in it; default: an empty one. */
  run(name: string, args: readonly string[], home?: string): Promise<ProgramResult> {
    const settings = {
      NEO4J_HOME: home ?? join(this.root, 'home'),
      NEO4J_CONF: home === undefined ? '' : join(home, 'conf'),
    };
    const options = {
      cwd: join(this.root, 'empty'),
      env: { PATH: process.env.PATH, ...settings },
      maxBuffer: 64 * 1024 * 1024,
    };
    return new Promise((resolve) => {
      execFile(join(this.root, 'bin', name), args, options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
