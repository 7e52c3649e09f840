import { resolve } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { openObjectStore } from '../../objects/opening/open-object-store.ts';
import type { Moment } from '../../repository/catalogue/restore-plan.ts';
import type { Repository } from '../../repository/opening/repository.ts';
import { loadIdentities } from '../../repository/seal/keys/identities.ts';
import type { Unsealing } from '../../repository/seal/unseal/unsealing.ts';
import type { CommandContext } from '../command-context.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { repositoryLocation } from './repository-location.ts';

/** Opens the place that `--repo` names. `create`: makes a missing folder. */
export async function openRepositoryStore(
  values: OptionValues,
  context: CommandContext,
  { create = false }: { create?: boolean } = {},
): Promise<ObjectStore> {
  const location = repositoryLocation(values, context);
  const command = values.optional('credentials-command');
  return await openObjectStore(location, {
    create,
    ...(command === undefined ? {} : { credentialsCommand: command.trim().split(/\s+/) }),
  });
}

/** What opens the objects of a repository: `none` if they are not encrypted, undefined if no identity was given. */
export async function readIdentities(
  { settings }: Repository,
  values: OptionValues,
  context: CommandContext,
): Promise<Unsealing['identities']> {
  if (settings.encryption.method === 'none') return 'none';
  const file = values.optional('identity');
  if (file === undefined) return undefined;
  const passphrase = values.optional('passphrase-file');
  return await loadIdentities({
    identity: { file: resolve(context.cwd, file) },
    ...(passphrase === undefined ? {} : { passphrase: { file: resolve(context.cwd, passphrase) } }),
    signal: context.signal,
  });
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
