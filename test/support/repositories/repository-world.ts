import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { RepositoryTarget } from '../../../src/backup/target/repository/repository-target.ts';
import type { ObjectStore } from '../../../src/objects/object-store.ts';
import type { Encryption } from '../../../src/repository/catalogue/json-fields.ts';
import { initRepository } from '../../../src/repository/opening/repository.ts';
import { readHistory } from '../../../src/repository/reading/database-history.ts';
import type { TargetWorld } from '../conformance/backup-target.ts';
import { restoreInto } from './repository-runs.ts';

const never = new AbortController().signal;
const identity = await generateX25519Identity();
const decrypter = new Decrypter();
decrypter.addIdentity(identity);
export const encrypted: Encryption = { method: 'age', recipients: [await identityToRecipient(identity)] };

/** A repository as a target. What it holds is read by the product's own restore. */
export function repositoryWorld(
  scratch: string,
  openStore: () => Promise<ObjectStore>,
  encryption: Encryption,
): TargetWorld {
  let opened: Promise<ObjectStore> | undefined;
  const prepare = async (): Promise<ObjectStore> => {
    const store = await openStore();
    await initRepository(store, encryption, never);
    return store;
  };
  const store = () => {
    opened ??= prepare();
    return opened;
  };
  return {
    inUse: 'repository.in-use',
    open: async () => await RepositoryTarget.open(await store(), 'graph.db', never),
    read: async (replaced) => {
      const histories = await readHistory(await store(), 'graph.db', never);
      const old = histories.find(({ timeline }) => replaced?.endsWith(timeline.id));
      const transaction = old && (old.chain.runs.at(-1)?.last ?? old.bases.at(-1)!.consistentAt.transaction);
      const folder = join(await mkdtemp(join(scratch, 'read-')), 'store');
      const moment =
        transaction === undefined ? ({ kind: 'latest' } as const) : ({ kind: 'transaction', transaction } as const);
      await restoreInto(folder, await store(), moment, encryption.method === 'none' ? 'none' : decrypter);
      return folder;
    },
    fingerprint: async () => {
      const histories = await readHistory(await store(), 'graph.db', never);
      const shown = histories.filter(({ bases }) => bases.length > 0);
      const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);
      return JSON.stringify(
        shown.map(({ bases, chain }) => [bases, chain]),
        plain,
      );
    },
  };
}
