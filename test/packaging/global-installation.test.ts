import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { UserPlace } from './installed-package.ts';

const { version } = JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'));
const PREFIX = 'global prefix';

let place: UserPlace;
let installed: string[];
beforeAll(async () => {
  place = new UserPlace();
  await place.install(inject('packed').archive, ['--global', `--prefix=${place.path(PREFIX)}`]);
  installed = place.list(PREFIX);
});
afterAll(() => place.remove());

const run = (program: string, ...args: string[]) => place.run(place.path(PREFIX, 'bin', program), args);

describe('the package, installed for all by a user who is not root, below a path with blanks', () => {
  it('a global installation belongs to its user', () => {
    const { uid } = statSync(place.path(PREFIX, 'bin', 'graphkeep'));
    expect(uid).not.toBe(0);
  });

  it.each(['graphkeep', 'neo4j-admin'])('a global installation runs %s', async (program) => {
    const ended = await run(program, '--version');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain(version);
  });

  it('a global installation runs the demo, and leaves nothing anywhere', async () => {
    const ended = await run('graphkeep', 'demo');
    expect(ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Everything held') });
    for (const name of ['home', 'tmp', 'work']) expect(place.list(name)).toEqual([]);
    expect(place.list(PREFIX)).toEqual(installed);
  });

  it('a global installation needs no script of any package, and no compiler', () => {
    const modules = join('lib', 'node_modules', 'graphkeep');
    const packages = installed.filter((path) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path));
    expect(packages.length).toBeGreaterThan(5);
    const scripted = packages.filter((path) => {
      const { scripts = {}, gypfile } = JSON.parse(readFileSync(place.path(PREFIX, path), 'utf8'));
      return gypfile === true || ['preinstall', 'install', 'postinstall'].some((name) => name in scripts);
    });
    expect(scripted).toEqual([]);
    expect(installed.filter((path) => path.endsWith('binding.gyp'))).toEqual([]);
    expect(installed.some((path) => path.startsWith(join(modules, 'dist')))).toBe(true);
    expect(installed.some((path) => /node_modules\/(esbuild|typescript|tsx|vitest)\//.test(path))).toBe(false);
  });
});
