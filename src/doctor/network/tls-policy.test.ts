import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checksAt, examine, findingOf } from '../../../test/support/commands/doctor-options.ts';
import { unpackStore } from '../../../test/support/corpus/golden-store.ts';
import { layOutPolicy, removePolicyHomes, TestIdentity } from '../../../test/support/corpus/test-certificates.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import type { ClientConfig } from '../../config/neo4j-conf.ts';
import { loadBackupSslPolicy } from '../../config/ssl-policy/backup-policy.ts';
import { BackupListener } from '../../serve/backup-listener.ts';
import { type StoppedStore, serveStore } from '../../serve/database/stopped-store.ts';

let scratch: string;
let directory: string;
let authority: TestIdentity;
let friend: TestIdentity;
let store: StoppedStore;
let listener: BackupListener;

const named = ({ config }: { config: ClientConfig }) => config.with([['dbms.backup.ssl_policy', 'backup']]);

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  authority = await TestIdentity.authority('authority');
  friend = await authority.issue('friend');
  directory = await unpackStore('3.5.34-standard', scratch);
  store = await serveStore(directory);
  const identity = await authority.issue('server');
  const sslPolicy = await loadBackupSslPolicy(named(layOutPolicy({ identity, trusted: [authority.pem] })));
  listener = await BackupListener.start(store, { listen: { host: '127.0.0.1', port: 0 }, sslPolicy });
});

afterAll(async () => {
  await listener.stop();
  await store.close();
  removePolicyHomes();
  await removeDirectory(scratch);
});

const ask = (config: ClientConfig) => examine({ from: listener.address, config });

it('a server with TLS answers whoever has a policy that fits', async () => {
  const diagnosis = await ask(named(layOutPolicy({ identity: friend, trusted: [authority.pem] })));
  expect(checksAt('fail', diagnosis)).toEqual([]);
  expect(findingOf('tls-policy', diagnosis)).toMatchObject({ level: 'ok' });
  expect(findingOf('protocol', diagnosis).observed).toContain('catchup protocol');
});

it('a server with TLS fails for whoever has no policy, or one that it does not trust', async () => {
  const without = await ask(layOutPolicy({ identity: friend, trusted: [authority.pem] }).config);
  expect(checksAt('fail', without)).toEqual(['protocol']);
  const elsewhere = await TestIdentity.authority('elsewhere');
  const stranger = await elsewhere.issue('stranger');
  const refused = await ask(named(layOutPolicy({ identity: stranger, trusted: [authority.pem] })));
  expect(findingOf('protocol', refused)).toMatchObject({
    level: 'fail',
    remedy: expect.stringContaining('certificate of this machine'),
  });
  const distrusting = await ask(named(layOutPolicy({ identity: friend, trusted: [elsewhere.pem] })));
  expect(findingOf('protocol', distrusting)).toMatchObject({
    level: 'fail',
    remedy: expect.stringContaining('trusted_dir'),
  });
});

it('a certificate that has expired and a key that everybody can read are told', async () => {
  const late = await authority.issue('late', { fromDays: -9, toDays: -1 });
  const { config, directory } = layOutPolicy({ identity: late, trusted: [authority.pem] });
  chmodSync(join(directory, 'private.key'), 0o644);
  const { findings } = await ask(named({ config }));
  const told = findings.filter(({ check }) => check === 'tls-policy');
  expect(told.map(({ level }) => level)).toEqual(['warn', 'warn']);
  expect(told.map(({ observed }) => observed).join()).toMatch(/every user.*has expired/);
});

it('a key that the first backup would make is not made', async () => {
  const { config, directory } = layOutPolicy({ trusted: [authority.pem] }, { allow_key_generation: 'true' });
  const before = readdirSync(directory);
  const diagnosis = await ask(named({ config }));
  expect(findingOf('tls-policy', diagnosis)).toMatchObject({
    level: 'unknown',
    observed: expect.stringContaining('no key'),
  });
  expect(findingOf('protocol', diagnosis).level).toBe('unknown');
  expect(readdirSync(directory)).toEqual(before);
});

it('a policy that cannot be used fails, also for a backup from files, which reads it too', async () => {
  const config = named(layOutPolicy({ trusted: [authority.pem] }));
  expect(checksAt('fail', await ask(config))).toEqual(['tls-policy']);
  const files = await examine({ from: { path: directory }, config });
  expect(checksAt('fail', files)).toEqual(['tls-policy']);
  expect(findingOf('store', files).level).toBe('ok');
});
