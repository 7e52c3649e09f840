import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../../../test/support/commands/world.ts';
import { type NativeCommandRow, nativeCommands } from '../command-table.ts';
import { GivenValues, SEVERAL } from '../given-values.ts';
import { configureOptions } from './configured-options.ts';

/** Options that name a repository, by their help. */
const PROMISES_NAMES = /A name from the configuration file/;

const rows = nativeCommands.flatMap((command) =>
  command.options
    .filter(({ description }) => PROMISES_NAMES.test(description))
    .map((option) => ({ command: command.name, option: option.name, row: command })),
);

let world: World;
beforeAll(async () => {
  world = await World.create();
  writeFileSync(
    world.path('graphkeep.yaml'),
    'repositories:\n' +
      '  main: { url: /r/main, credentials: { command: [show, main] } }\n' +
      '  spare: { url: s3://spare/x, credentials: { command: [show, spare] } }\n',
  );
});
afterAll(() => world.close());

async function settleValues(row: NativeCommandRow, given: Record<string, string>): Promise<GivenValues> {
  const typed = new GivenValues(row.options, { ...given, config: world.path('graphkeep.yaml') });
  return (await configureOptions(row, typed, world.context())).values;
}

const settle = async (row: NativeCommandRow, given: Record<string, string>) => (await settleValues(row, given)).given;

it('every option for a repository is among those whose help promises names', () => {
  const named = nativeCommands.flatMap(({ name, options }) =>
    options.filter((row) => /^(to-)?repo$/.test(row.name)).map((row) => [name, row.name]),
  );
  expect(rows.map(({ command, option }) => [command, option])).toEqual(named);
  expect(named.length).toBeGreaterThan(10);
});

describe.each(rows)('--$option of $command', ({ option, row }) => {
  it('stands beside --config', () => {
    expect(row.options.map(({ name }) => name)).toContain('config');
  });

  it('knows the names in the configuration file, and what opens the place', async () => {
    const prefix = option.replace(/repo$/, '');
    expect(await settle(row, { [option]: 'spare' })).toMatchObject({
      [option]: 's3://spare/x',
      [`${prefix}credentials-command`]: '["show","spare"]',
    });
  });

  it('refuses a name that is not there', async () => {
    await expect(settle(row, { [option]: 'spar' })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining("did you mean 'spare'?"),
    });
  });
});

it.each(
  rows.filter(({ row, option }) => row.options.some(({ name, isRepeatable }) => name === option && isRepeatable)),
)('$command knows each name of a --repo that is given again', async ({ row }) => {
  const values = await settleValues(row, { repo: ['main', 'spare', '/elsewhere'].join(SEVERAL) });
  expect(values.perRepository().map((own) => [own.optional('repo'), own.optional('credentials-command')])).toEqual([
    ['/r/main', '["show","main"]'],
    ['s3://spare/x', '["show","spare"]'],
    ['/elsewhere', undefined],
  ]);
  await expect(settle(row, { repo: ['main', 'spar'].join(SEVERAL) })).rejects.toMatchObject({ code: 'usage' });
});

it('a copy knows both of its repositories by their names', async () => {
  const row = nativeCommands.find(({ name }) => name === 'copy')!;
  expect(await settle(row, { repo: 'main', 'to-repo': 'spare' })).toMatchObject({
    repo: '/r/main',
    'credentials-command': '["show","main"]',
    'to-repo': 's3://spare/x',
    'to-credentials-command': '["show","spare"]',
  });
  expect(await settle(row, { repo: 'main', 'to-repo': '/elsewhere' })).toMatchObject({ 'to-repo': '/elsewhere' });
});
