import { execFile, execFileSync } from 'node:child_process';
import { chownSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';

/** The user `nobody` of most systems, for tests that run as root. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * An empty place of a user who is not root, with blanks in its path: a home, a directory for temporary files, and whatever is installed
 * there. Everything that runs in it runs as that user and with no other environment.
 */
export class UserPlace {
  readonly root: string;

  constructor() {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'graphkeep user of blanks ')));
    for (const name of ['.', 'home', 'tmp', 'cache', 'global prefix', 'project', 'work']) this.make(name);
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  /** Makes a directory that belongs to the user. */
  make(name: string): void {
    mkdirSync(this.path(name), { recursive: true });
    if (isRoot) chownSync(this.path(name), NOBODY.uid, NOBODY.gid);
  }

  /** Paths of everything in a directory. */
  list(name: string): string[] {
    return readdirSync(this.path(name), { recursive: true, encoding: 'utf8' }).sort();
  }

  run(command: string, args: readonly string[], cwd = 'work'): Promise<Ended> {
    const options = {
      cwd: this.path(cwd),
      ...(isRoot ? NOBODY : {}),
      env: {
        PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
        HOME: this.path('home'),
        TMPDIR: this.path('tmp'),
        ...npmSettings(this.path('cache')),
      },
      maxBuffer: 64 << 20,
    };
    return new Promise((resolve) => {
      execFile(command, args, options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      });
    });
  }

  /** Installs the archive with npm, in the directory `cwd`. Answers of the registry that are at hand are used. */
  async install(archive: string, args: readonly string[], cwd = 'work'): Promise<void> {
    // The place where it was packed belongs to another user.
    const copy = this.path(basename(archive));
    copyFileSync(archive, copy);
    const options = ['--prefer-offline', '--no-audit', '--no-fund', ...args];
    const { code, stderr } = await this.run('npm', ['install', ...options, copy], cwd);
    if (code !== 0) throw new Error(`npm install ended with ${code}: ${stderr}`);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** The registry and the proxy of whoever runs the tests: the home of the user has no settings. */
function npmSettings(cache: string): Record<string, string> {
  const settings: Record<string, string> = { npm_config_cache: cache, npm_config_update_notifier: 'false' };
  const own = JSON.parse(execFileSync('npm', ['config', 'list', '--json'], { encoding: 'utf8' }));
  for (const name of ['registry', 'proxy', 'https-proxy', 'noproxy', 'cafile', 'strict-ssl']) {
    const value = own[name];
    if (value !== undefined && value !== null && value !== '') settings[`npm_config_${name}`] = String(value);
  }
  for (const name of ['NODE_EXTRA_CA_CERTS', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy']) {
    const value = process.env[name];
    if (value !== undefined) settings[name] = value;
  }
  return settings;
}
