import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describeBackupTarget, type TargetWorld } from '../../../../test/support/conformance/backup-target.ts';
import { MemoryStore } from '../../../../test/support/objects/memory-store.ts';
import { restoreInto } from '../../../../test/support/repositories/repository-runs.ts';
import { FolderStore } from '../../../objects/folder/folder-store.ts';
import type { ObjectStore } from '../../../objects/object-store.ts';
import type { Encryption } from '../../../repository/catalogue/json-fields.ts';
import { initRepository } from '../../../repository/opening/repository.ts';
import { readHistory } from '../../../repository/reading/database-history.ts';
import { RepositoryTarget } from './repository-target.ts';

const never = new AbortController().signal;
const identity = await generateX25519Identity();
const decrypter = new Decrypter();
decrypter.addIdentity(identity);
const encrypted: Encryption = { method: 'age', recipients: [await identityToRecipient(identity)] };

/** Restores with the product's own command to read what a target holds. */
function makeWorld(scratch: string, openStore: () => Promise<ObjectStore>, encryption: Encryption): TargetWorld {
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

describeBackupTarget('An encrypted repository in memory', (scratch) =>
  makeWorld(scratch, async () => new MemoryStore(), encrypted),
);

describeBackupTarget('A repository in a folder', (scratch) =>
  makeWorld(scratch, () => FolderStore.open(join(scratch, 'repository'), { create: true }), { method: 'none' }),
);
