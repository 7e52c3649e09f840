import { expect, it } from 'vitest';
import { stateDirectoryOf } from './state-directory.ts';

it.each([
  [{ STATE_DIRECTORY: '/var/lib/backups:/x', XDG_STATE_HOME: '/s', HOME: '/h' }, '/var/lib/backups'],
  [{ XDG_STATE_HOME: '/s', HOME: '/h' }, '/s/graphkeep'],
  [{ XDG_STATE_HOME: 'relative', HOME: '/h' }, '/h/.local/state/graphkeep'],
  [{ HOME: '/h' }, '/h/.local/state/graphkeep'],
  [{ HOME: '' }, undefined],
  [{}, undefined],
])('with %j, state is kept in %s', (env, directory) => {
  expect(stateDirectoryOf(env)).toBe(directory);
});
