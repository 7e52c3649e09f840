import { z } from 'zod';
import { keyOf, type NativeCommandRow, nativeCommands, type OptionRow, retention } from '../command-table.ts';

/*
 * What graphkeep.yaml may contain. The keys of options are made from the command table. graphkeep.schema.json, with which editors complete
 * and check the file, is made from this.
 */

/** What a repository may be called: nothing that could be a path or an address. */
export const REPOSITORY_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** As in the keys of objects. */
const DATABASE_NAME = /^[A-Za-z0-9._-]{1,100}$/;

const NOT_EMPTY = 'must not be empty';

const text = z.string({ error: 'must be a text' }).min(1, NOT_EMPTY);
const words = z
  .array(text, { error: 'must be a list of words: the program and its arguments' })
  .min(1, 'must name a program');
const command = z.strictObject({
  command: words.describe('Program with its arguments, run without a shell. Variables are not replaced in it.'),
});
const secret = z.union([z.strictObject({ file: text.describe('File that holds it.') }), command], {
  error: 'must be { file: /path } or { command: [program, argument] }; a secret itself never stands here',
});

/** A number is a text that was written without quotes. */
const value = z.union([text, z.number()], { error: 'must be a text' });
const count = z.int({ error: 'must be a whole number' }).min(1, 'must be at least 1').max(9999, 'must be at most 9999');
const flag = z.boolean({ error: 'must be true or false' });

function typeOf({ kind, example, description }: OptionRow): z.ZodType {
  const base = kind === 'flag' ? flag : example === 'count' ? count : value;
  return base.describe(description).optional();
}

const valuesOf = (options: readonly OptionRow[]): Record<string, z.ZodType> =>
  Object.fromEntries(options.map((row) => [keyOf(row.name), typeOf(row)]));

/** The options of a command that the file may set. */
export function settableOptions({ options }: NativeCommandRow): readonly OptionRow[] {
  return options.filter(({ elsewhere }) => elsewhere === undefined);
}

const backup = nativeCommands.find(({ name }) => name === 'backup')!;

const repository = z.strictObject({
  url: text.describe('A folder, or s3://bucket/prefix?endpoint=https://...&region=...'),
  credentials: command
    .describe('What prints the credentials of S3, as credential_process of the AWS tools does.')
    .optional(),
  encryption: z
    .strictObject({
      recipients: z
        .array(text, { error: 'must be a list of recipients' })
        .min(1, 'must have at least one recipient')
        .describe('Public keys, as age-keygen prints them: for repo init.')
        .optional(),
      identity: secret.describe('Where the identity is read from that opens the backups: for restores.').optional(),
      passphrase: secret
        .describe('Where the passphrase of an identity file encrypted by age -p is read from.')
        .optional(),
    })
    .optional(),
  retention: z.strictObject(valuesOf(retention)).describe('What graphkeep prune keeps.').optional(),
});

const database = z.strictObject({
  database: text
    .regex(DATABASE_NAME, 'must have 1 to 100 letters, digits, dots, dashes or underscores')
    .describe('Its name in the repositories, if it is another one.')
    .optional(),
  repositories: z
    .array(text, { error: 'must be a list of names of repositories' })
    .min(1, 'must name at least one repository')
    .describe('Where its backups go: names of repositories in this file.')
    .optional(),
  ...valuesOf(settableOptions(backup)),
});

const byName = <Item extends z.ZodType>(name: RegExp, problem: string, item: Item) =>
  z.record(z.string().regex(name, problem), item, { error: 'must have a name for each, with its keys below' });

const commands = nativeCommands
  .map((row) => [row, settableOptions(row)] as const)
  .filter(([{ options }, settable]) => settable.length > 0 && options.some(({ name }) => name === 'config'));

export const configSchema = z.strictObject({
  repositories: byName(
    REPOSITORY_NAME,
    'a repository must have a name of up to 64 letters, digits, dashes and underscores',
    repository,
  )
    .describe('Where backups are kept, by a name: --repo=<name>.')
    .optional(),
  databases: byName(
    DATABASE_NAME,
    'a database must have a name of 1 to 100 letters, digits, dots, dashes or underscores',
    database,
  )
    .describe('What is backed up, by a name: graphkeep backup --database=<name>.')
    .optional(),
  commands: z
    .strictObject(
      Object.fromEntries(
        commands.map(([{ name, summary }, options]) => [
          name,
          z.strictObject(valuesOf(options)).describe(summary).optional(),
        ]),
      ),
    )
    .describe('Options of commands, for all databases.')
    .optional(),
});

export type OptionSettings = Readonly<Record<string, unknown>>;
export type RepositoryEntry = z.infer<typeof repository>;
export type DatabaseEntry = OptionSettings & { readonly database?: string; readonly repositories?: readonly string[] };

/** The content of a configuration file. */
export interface Configuration {
  readonly repositories?: Readonly<Record<string, RepositoryEntry>>;
  readonly databases?: Readonly<Record<string, DatabaseEntry>>;
  readonly commands?: Readonly<Record<string, OptionSettings>>;
}

/** The schema in the language that editors know. */
export function jsonSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { target: 'draft-7' });
  return { $schema, title: 'graphkeep.yaml', ...schema };
}
