import { resolve } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { openObjectStore } from '../../objects/opening/open-object-store.ts';
import type { Moment } from '../../repository/catalogue/restore-plan.ts';
import { openRepository, type Repository } from '../../repository/opening/repository.ts';
import { listDatabases } from '../../repository/reading/database-history.ts';
import { loadIdentities } from '../../repository/seal/keys/identities.ts';
import type { SecretSource } from '../../repository/seal/keys/secret-source.ts';
import type { Unsealing } from '../../repository/seal/unseal/unsealing.ts';
import type { CommandContext } from '../command-context.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { readProgram } from './program-words.ts';
import { repositoryLocation } from './repository-location.ts';

/** The options that name a repository and its credentials; `to-` for the one that a copy goes into. */
export interface PlaceOptions {
  readonly prefix?: 'to-';
  /** Makes a missing folder. */
  readonly create?: boolean;
}

/** Opens the place that `--repo` names. */
export async function openRepositoryStore(
  values: OptionValues,
  context: CommandContext,
  { create = false, prefix }: PlaceOptions = {},
): Promise<ObjectStore> {
  const location = repositoryLocation(values, context, `${prefix ?? ''}repo`);
  const credentialsCommand = readProgram(values, `${prefix ?? ''}credentials-command`);
  return await openObjectStore(location, {
    create,
    ...(credentialsCommand === undefined ? {} : { credentialsCommand }),
  });
}

/** Opens the repository at the place that `--repo` names. */
export async function openNamedRepository(
  values: OptionValues,
  context: CommandContext,
  options: Pick<PlaceOptions, 'prefix'> = {},
): Promise<Repository> {
  return await openRepository(await openRepositoryStore(values, context, options), context.signal);
}

/** The database that `--database` names; without it, all of the repository. */
export async function listWantedDatabases(
  store: ObjectStore,
  values: OptionValues,
  { signal }: CommandContext,
): Promise<string[]> {
  const wanted = values.optional('database');
  return wanted === undefined ? await listDatabases(store, signal) : [wanted];
}

/** What opens the objects of a repository: `none` if they are not encrypted, undefined if no identity was given. */
export async function readIdentities(
  { settings }: Repository,
  values: OptionValues,
  context: CommandContext,
): Promise<Unsealing['identities']> {
  if (settings.encryption.method === 'none') return 'none';
  const identity = readSecretSource(values, context, 'identity', 'identity-command');
  if (identity === undefined) return undefined;
  const passphrase = readSecretSource(values, context, 'passphrase-file', 'passphrase-command');
  return await loadIdentities({
    identity,
    ...(passphrase === undefined ? {} : { passphrase }),
    signal: context.signal,
  });
}

/** As {@link readIdentities}. @throws GraphkeepError `repository.key-missing`, before anything is fetched */
export async function requireIdentities(
  repository: Repository,
  values: OptionValues,
  context: CommandContext,
): Promise<NonNullable<Unsealing['identities']>> {
  const identities = await readIdentities(repository, values, context);
  if (identities !== undefined) return identities;
  throw new GraphkeepError('repository.key-missing', 'the repository is encrypted, and no --identity was given', {
    place: { object: repository.store.address },
  });
}

function readSecretSource(
  values: OptionValues,
  { cwd }: CommandContext,
  fileOption: string,
  programOption: string,
): SecretSource | undefined {
  const file = values.optional(fileOption);
  const command = readProgram(values, programOption);
  if (file !== undefined && command !== undefined)
    throw new GraphkeepError('usage', `--${fileOption} and --${programOption} exclude each other`);
  return file === undefined ? command && { command } : { file: resolve(cwd, file) };
}

/** The moment that `--until` names. @throws GraphkeepError `usage` */
export function readMoment(values: OptionValues): Moment {
  return parseOption(values, 'until', parseMoment);
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

function parseMoment(text: string): Moment {
  if (text === 'latest') return { kind: 'latest' };
  if (/^\d{1,15}$/.test(text)) return { kind: 'transaction', transaction: Number(text) };
  const time = new Date(text);
  if (TIME.test(text) && !Number.isNaN(time.getTime())) return { kind: 'time', time };
  throw new GraphkeepError(
    'usage',
    `'${text}' is no moment: give latest, the number of a transaction, or a time with its zone, as in 2026-11-30T02:00:00Z`,
  );
}
