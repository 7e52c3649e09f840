import { expect, it } from 'vitest';
import { adminCommands, environmentVariables, nativeCommands } from './command-table.ts';

/** Every user of a machine can read the command lines of all its processes. */
const SECRET = /pass|secret|token|key|credential|auth|pin\b/i;

it.each([
  ...nativeCommands.map(({ name, options }) => ({ front: 'graphkeep', name, options })),
  ...adminCommands.map(({ name, options }) => ({ front: 'neo4j-admin', name, options })),
])('no option of $front $name takes a secret', ({ options }) => {
  expect(options.filter(({ name, example }) => SECRET.test(name) || SECRET.test(example))).toEqual([]);
});

it('no variable of the environment holds a secret', () => {
  expect(environmentVariables.filter(({ name }) => SECRET.test(name))).toEqual([]);
});

it('what would be one is recognised', () => {
  for (const name of ['password', 'key-passphrase', 'auth-token', 'secret', 'private-key'])
    expect(name).toMatch(SECRET);
});
