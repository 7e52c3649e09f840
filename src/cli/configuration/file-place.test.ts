import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../../../test/support/commands/world.ts';
import { findConfigFile } from './file-place.ts';

let world: World;
beforeAll(async () => {
  world = await World.create();
  for (const folder of ['xdg', 'home/.config', 'etc']) {
    mkdirSync(world.path(folder, 'graphkeep'), { recursive: true });
    writeFileSync(world.path(folder, 'graphkeep', 'graphkeep.yaml'), '');
  }
  mkdirSync(world.path('work', 'cwd', 'graphkeep'));
  for (const name of ['graphkeep.yaml', 'graphkeep/graphkeep.yaml'])
    writeFileSync(world.path('work', 'cwd', name), 'never found');
});
afterAll(() => world.close());

const find = (typed: string | undefined, env: Record<string, string> = {}, etc = 'nowhere') =>
  findConfigFile(typed, { ...world.context(), env }, world.path(etc));

describe('the configuration file', () => {
  it('the configuration file is the one that was named, which need not be there', () => {
    const env = { GRAPHKEEP_CONFIG: '/variable.yaml', HOME: world.path('home') };
    const cwd = world.path('work', 'cwd');
    expect(find('/typed.yaml', env, 'etc')).toEqual({ file: '/typed.yaml', by: 'option' });
    expect(find('typed.yaml', env, 'etc')).toEqual({ file: join(cwd, 'typed.yaml'), by: 'option' });
    expect(find(undefined, env, 'etc')).toEqual({ file: '/variable.yaml', by: 'variable' });
  });

  it('the configuration file is that of the user, or else of the system', () => {
    const own = { XDG_CONFIG_HOME: world.path('xdg'), HOME: world.path('home') };
    expect(find(undefined, own, 'etc')).toEqual({ file: world.path('xdg/graphkeep/graphkeep.yaml'), by: 'user' });
    const home = { HOME: world.path('home'), XDG_CONFIG_HOME: 'relative' };
    expect(find(undefined, home, 'etc')).toEqual({
      file: world.path('home/.config/graphkeep/graphkeep.yaml'),
      by: 'user',
    });
    expect(find(undefined, { HOME: world.path('report') }, 'etc')).toEqual({
      file: world.path('etc/graphkeep/graphkeep.yaml'),
      by: 'system',
    });
    expect(find(undefined, {}, 'etc')?.by).toBe('system');
  });

  it('no configuration file is found in the working directory', () => {
    expect(find(undefined)).toBeUndefined();
    expect(find(undefined, { HOME: '', XDG_CONFIG_HOME: '' })).toBeUndefined();
  });

  it('no configuration file is read if none is wanted', () => {
    expect(find('none', { GRAPHKEEP_CONFIG: '/variable.yaml' }, 'etc')).toBeUndefined();
    expect(find(undefined, { GRAPHKEEP_CONFIG: 'none', HOME: world.path('home') }, 'etc')).toBeUndefined();
    expect(() => find(undefined, { GRAPHKEEP_CONFIG: '' }, 'etc')).toThrow('must not be empty');
  });
});
