import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConfigFile } from '../../src/cli/configuration/config-file.ts';
import { jsonSchema } from '../../src/cli/configuration/config-schema.ts';
import { World } from '../support/commands/world.ts';

/* Promise: the example on docs/configuration.md is a sound file, and the page explains every key of repositories and databases. */

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const example = /<!-- example.*?```yaml\n(.*?)```/s.exec(page)![1]!;

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world.close());

it('the example of the page is a sound configuration file', async () => {
  const file = world.path('graphkeep.yaml');
  writeFileSync(file, example);
  const config = await ConfigFile.read(file, { ...world.context(), env: { ORDERS_HOST: '10.0.0.1' } });
  expect(config.repositoryNames).toEqual(['main', 'cellar']);
  expect(config.database('orders')).toMatchObject({ from: '10.0.0.1:6362', repositories: ['main'] });
  await expect(ConfigFile.read(file, { ...world.context(), env: {} })).rejects.toMatchObject({
    message: 'the variable ORDERS_HOST is not set',
  });
});

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode;
}

it('the page has every key at the top, of repositories, and that only databases have', () => {
  const { properties } = jsonSchema() as SchemaNode;
  const { encryption, retention, ...repository } = properties!.repositories!.additionalProperties!.properties!;
  const keys = [
    ...Object.keys(properties!),
    ...Object.keys(repository),
    ...Object.keys(encryption!.properties!).map((key) => `encryption.${key}`),
    ...Object.keys(retention!.properties!),
    'database',
  ];
  expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
});
