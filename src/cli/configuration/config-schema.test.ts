import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { schemaText } from '../../../test/support/build/schema-text.ts';
import { keyOf, nativeCommands, retention } from '../command-table.ts';
import { configSchema, jsonSchema, settableOptions } from './config-schema.ts';

it('graphkeep.schema.json is current (npm run docs)', () => {
  expect(schemaText()).toBe(readFileSync(new URL('../../../graphkeep.schema.json', import.meta.url), 'utf8'));
});

interface SchemaNode {
  description?: string;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
}

const schema = jsonSchema() as SchemaNode;
const keys = (node: SchemaNode | undefined) => Object.keys(node?.properties ?? {});
const below = (name: string) => schema.properties![name]!.additionalProperties as SchemaNode;

describe('the schema for editors', () => {
  it('the schema for editors allows no key that is not in it', () => {
    const open: SchemaNode[] = [];
    const visit = (node: SchemaNode): void => {
      if (node.properties !== undefined && node.additionalProperties !== false) open.push(node);
      const { additionalProperties: more, items, anyOf = [], properties = {} } = node;
      for (const next of [more, items, ...anyOf, ...Object.values(properties)])
        if (typeof next === 'object') visit(next);
    };
    visit(schema);
    expect(open).toEqual([]);
  });

  it('the schema for editors has the options of every command that may stand in the file', () => {
    const commands = schema.properties!.commands!;
    for (const row of nativeCommands) {
      const wanted = row.options.some(({ name }) => name === 'config') ? settableOptions(row) : [];
      expect(keys(commands.properties![row.name])).toEqual(wanted.map(({ name }) => keyOf(name)));
    }
    expect(keys(commands)).toContain('serve');
    expect(keys(below('repositories').properties!.retention)).toEqual(retention.map(({ name }) => keyOf(name)));
    expect(keys(below('databases'))).toEqual(expect.arrayContaining(['from', 'to', 'rateLimit', 'repositories']));
  });

  it('the schema for editors explains each key with the words of the help', () => {
    const { from } = below('databases').properties!;
    const row = nativeCommands[0]!.options.find(({ name }) => name === 'from')!;
    expect(from!.description).toBe(row.description);
  });

  it('permission to destroy, and the moment of a restore, cannot be set in the file', () => {
    for (const settings of [
      { restore: { force: true } },
      { prune: { confirm: true } },
      { restore: { until: 'latest' } },
    ])
      expect(configSchema.safeParse({ commands: settings }).success, JSON.stringify(settings)).toBe(false);
  });
});
