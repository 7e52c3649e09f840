import { randomBytes } from 'node:crypto';
import { GraphkeepError, hasCode } from '../../base/errors.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { readWhole, sha256Of } from '../../objects/whole-object.ts';
import type { Encryption } from '../catalogue/json-fields.ts';
import { MOST_JSON_BYTES } from '../catalogue/json-object.ts';
import { README_KEY, SETTINGS_KEY } from '../catalogue/object-keys.ts';
import { formatSettings, parseSettings, type RepositorySettings } from '../catalogue/repository-settings.ts';
import { checkRecipients } from '../seal/keys/recipients.ts';
import { README } from './readme.ts';

/** A place for backups: a store of objects, and what holds for all of them. */
export interface Repository {
  readonly store: ObjectStore;
  readonly settings: RepositorySettings;
}

/**
 * Makes a repository of an empty place. The settings are its first object, and never change.
 * @throws GraphkeepError `repository.recipient-invalid`, `repository.exists`, `repository.foreign` if anything else is there
 */
export async function initRepository(
  store: ObjectStore,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<Repository> {
  if (encryption.method === 'age') await checkRecipients(encryption.recipients);
  await requireVacant(store, signal);
  const settings: RepositorySettings = {
    format: 'graphkeep-repository',
    version: 1,
    id: randomBytes(16).toString('hex'),
    created: await store.now(signal),
    encryption,
  };
  try {
    await createSmall(store, SETTINGS_KEY, formatSettings(settings), signal);
  } catch (error) {
    if (hasCode(error, 'object.exists')) throw existsAlready(store);
    throw error;
  }
  await createSmall(store, README_KEY, Buffer.from(README), signal);
  return { store, settings };
}

/** @throws GraphkeepError `repository.missing`, and those of `parseSettings` */
export async function openRepository(store: ObjectStore, signal: AbortSignal): Promise<Repository> {
  try {
    const bytes = await readWhole(store, SETTINGS_KEY, { mostBytes: MOST_JSON_BYTES }, signal);
    return { store, settings: parseSettings(bytes, SETTINGS_KEY) };
  } catch (error) {
    if (!hasCode(error, 'object.missing')) throw error;
    throw new GraphkeepError('repository.missing', 'there is no repository', {
      place: { object: store.address },
      observed: `no object ${SETTINGS_KEY}`,
    });
  }
}

/** Creates an object that is too small to be sealed. */
export function createSmall(store: ObjectStore, key: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return store.create(key, bytes, sha256Of(bytes), {}, signal);
}

async function requireVacant(store: ObjectStore, signal: AbortSignal): Promise<void> {
  if ((await store.stat(SETTINGS_KEY, signal)) !== undefined) throw existsAlready(store);
  for await (const { key } of store.list('', undefined, signal)) {
    throw new GraphkeepError('repository.foreign', 'something else is in the place of the repository', {
      place: { object: store.address },
      observed: key,
    });
  }
}

function existsAlready(store: ObjectStore): GraphkeepError {
  return new GraphkeepError('repository.exists', 'there is a repository already', { place: { object: store.address } });
}
