import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import type { WritingRelease } from './neo4j-versions.ts';
import { METADATA_FILE } from './store-files.ts';
import { type FileFault, type RecognisedStore, recogniseStore } from './store-recognition.ts';

/**
 * What a command needs from a store. `read` and `copy` work with every readable store, back to 2.3. `change`, which includes serving to
 * clients, needs 3.4 or 3.5.
 */
export type StorePurpose = 'read' | 'copy' | 'change';

const UNKNOWN_VERSION = 'the store version is one that no release of Neo4j has';

/** A store that fits the purpose. */
export type SupportedStore = Extract<RecognisedStore, { kind: 'supported' | 'older' }>;

/**
 * Throws unless the store is complete and of a release that fits the purpose.
 *
 * @throws GraphkeepError `store.format`, `store.missing-file` (naming all), `store.corrupt`, `backup.invalid` (no database),
 *   `backup.missing` (no directory), `file.io`
 */
export async function requireSupportedStore(
  directory: string,
  purpose: StorePurpose,
  logDirectory?: string,
): Promise<SupportedStore> {
  const store = await recogniseStore(directory, logDirectory);
  if (store.kind === 'supported' || (store.kind === 'older' && purpose !== 'change')) return store;
  throw describeUnsupported(store, directory);
}

/** Why a store does not fit, with a hint. */
export function describeUnsupported(store: RecognisedStore, directory: string): GraphkeepError {
  const place = { file: directory };
  switch (store.kind) {
    case 'supported':
    case 'older':
      return new GraphkeepError(
        'store.format',
        `${describeStore(store)}; graphkeep changes only those of 3.4 and 3.5`,
        {
          place,
          hint: 'Start and stop it once with Neo4j 3.4 or 3.5 and dbms.allow_upgrade=true, then run the command again.',
        },
      );
    case 'other':
      return new GraphkeepError('store.format', `${describeStore(store)}; graphkeep works with 3.4 and 3.5`, {
        place: { file: join(directory, store.file) },
        hint: adviseOn(store.release),
      });
    case 'unknown':
      // An unknown name may belong to a future release; anything else is damage.
      return new GraphkeepError(store.mark.startsWith('0x') ? 'store.corrupt' : 'store.format', UNKNOWN_VERSION, {
        place: { file: join(directory, METADATA_FILE) },
        observed: store.mark,
        hint: 'The file is damaged, or another program has written it. Use another copy.',
      });
    case 'incomplete':
      return describeIncomplete(store.faults, directory);
    case 'damaged':
      return new GraphkeepError('store.corrupt', `the metadata store cannot be read: ${store.fault}`, {
        place: { file: join(directory, METADATA_FILE) },
        hint: 'The store is damaged or was copied incompletely. Use another copy.',
      });
    case 'no-database':
      return new GraphkeepError('backup.invalid', 'this is not a backup or database', {
        place,
        observed: `no file ${METADATA_FILE}`,
        ...adviseOnDatabasesIn(directory, store.databases),
      });
    case 'empty':
      return new GraphkeepError('backup.invalid', 'this is not a backup or database: the directory is empty', {
        place,
      });
    case 'no-directory':
      return new GraphkeepError('backup.invalid', `this is not a backup or database, but ${store.fault}`, { place });
    case 'absent':
      return new GraphkeepError('backup.missing', 'there is no such directory', { place });
  }
}

function describeStore({ release, mark }: { release: WritingRelease; mark: string }): string {
  return `this is a store of Neo4j ${release.releases} (${mark})`;
}

function adviseOn({ age }: WritingRelease): string {
  return age === 'older'
    ? 'Upgrade the store with a server of Neo4j 2.3, then with one of 3.5; or name another database.'
    : 'Use the tools of that release, or name a database of Neo4j 3.4 or 3.5.';
}

function adviseOnDatabasesIn(directory: string, [first]: readonly string[]): { hint?: string } {
  return first === undefined ? {} : { hint: `Name the database itself, for example ${join(directory, first)}.` };
}

/** Names all missing files at once, so that the user need not find them one by one. */
function describeIncomplete(faults: readonly FileFault[], directory: string): GraphkeepError {
  const [first] = faults;
  const missing = faults.every(({ fault }) => fault === 'missing');
  const what = missing ? 'missing' : 'missing or no regular file';
  const message = faults.length === 1 ? `a store file is ${what}` : `${faults.length} store files are ${what}`;
  const list = faults.map(({ name, fault }) => (missing ? name : `${name} is ${fault}`)).join(', ');
  return new GraphkeepError('store.missing-file', message, {
    place: { file: join(directory, first!.name) },
    ...(faults.length === 1 && missing ? {} : { observed: list }),
    hint: 'The store is incomplete. Use another copy: a backup, or all files of the stopped database once more.',
  });
}
