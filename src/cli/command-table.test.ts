import { expect, it } from 'vitest';
import { adminCommands, environmentVariables, nativeCommands } from './command-table.ts';

/** Every user of a machine can read the command lines of all its processes. */
const SECRET = /pass|secret|token|key|credential|auth|pin\b/i;
/** Where a secret is kept is none. */
const NAMES_A_PLACE = /^(file|program)$/;

it.each([
  ...nativeCommands.map(({ name, options }) => ({ front: 'graphkeep', name, options })),
  ...adminCommands.map(({ name, options }) => ({ front: 'neo4j-admin', name, options })),
])('no option of $front $name takes a secret', ({ options }) => {
  const isItself = ({ name, example }: { name: string; example: string }) =>
    SECRET.test(example) || (SECRET.test(name) && !NAMES_A_PLACE.test(example));
  expect(options.filter(isItself)).toEqual([]);
});

it('no variable of the environment holds a secret', () => {
  expect(environmentVariables.filter(({ name }) => SECRET.test(name))).toEqual([]);
});

it('what would be one is recognised', () => {
  for (const name of ['password', 'key-passphrase', 'auth-token', 'secret', 'private-key'])
    expect(name).toMatch(SECRET);
});
