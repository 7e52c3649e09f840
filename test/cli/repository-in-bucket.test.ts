import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { World } from '../support/commands/world.ts';
import { S3_KEY, S3Server } from '../support/objects/s3-server.ts';

let world: World;
let bucket: S3Server;
let database: EmbeddedDatabase;
let listener: BackupListener;

beforeAll(async () => {
  world = await World.create();
  bucket = await S3Server.start();
  database = await EmbeddedDatabase.open(world.path('live'));
  listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
});
afterAll(async () => {
  await listener.stop();
  await database.close();
  await bucket.stop();
  await world.close();
});

/** Both streams of a command that must succeed. */
async function run(...args: string[]): Promise<string> {
  let output = '';
  const take = (text: string) => {
    output += text;
  };
  const { runBackup: _, ...context } = world.context();
  expect(await runGraphkeep(args, { ...context, stdout: take, stderr: take }), output).toBe(0);
  return output;
}

const commit = (value: number) =>
  database.transact((tx) => {
    tx.createNode(['Item'], { n: { type: 'int', value } });
  });

it('a repository in a bucket, with credentials of a program: init, backup, info, restore', async () => {
  const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = S3_KEY;
  const credentials = world.path('credentials.json');
  writeFileSync(credentials, JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey }));
  const place = [
    `--repo=s3://${bucket.bucket}/neo4j?endpoint=${bucket.endpoint}`,
    `--credentials-command=cat ${credentials}`,
  ];
  const { host, port } = listener.address;
  const backUp = () => run('backup', `--from=${host}:${port}`, ...place);
  expect(await run('repo', 'init', '--no-encryption', ...place)).toContain('made, not encrypted');
  await commit(1);
  expect(await backUp()).toMatch(
    /^Full backup, up to transaction \d+\n {2}received .*\n {2}check {5}when it is restored\n {2}took .*\n {2}backup .*\n$/m,
  );
  await commit(2);
  const made = await backUp();
  expect(made).toMatch(/Incremental backup, transaction \d+/);
  expect(await backUp()).toContain('Nothing new');
  const last = Number(/transaction (\d+)/.exec(made)![1]);
  const info = await run('info', ...place);
  expect(info).toContain(`restorable  transactions ${last - 1} to ${last}, `);
  expect(info).toMatch(/newest {6}transaction \d+, committed \d{4}-.*Z, .* ago/);
  for (const [until, nodes] of [
    [last - 1, 1],
    [last, 2],
  ]) {
    const to = world.path('restored', `${until}`);
    expect(await run('restore', ...place, `--until=${until}`, `--to=${to}`)).toContain(`as of transaction ${until}, `);
    const restored = await EmbeddedDatabase.open(to);
    expect([...restored.nodes()]).toHaveLength(nodes!);
    await restored.close();
  }
  expect(readdirSync(world.root).filter((name) => name.includes('graphkeep-new'))).toEqual([]);

  mkdirSync(world.path('scratch'));
  expect(info).toContain('graph.db: nobody has proved that it can be restored: graphkeep drill does');
  expect(info).toMatch(/ {2}drill {7}never\n {2}verified {4}never$/m);
  const drilled = await run('drill', ...place, `--scratch=${world.path('scratch')}`);
  expect(drilled).toMatch(
    /^Drill of graph\.db: sound as of transaction \d+, .*Z\n {2}restored {2}\d+ files, .* in .*\n {2}checked {3}0 errors, 0 warnings in .*\n {2}content {3}2 nodes, 0 relationships\n {2}from {6}\S+\n$/m,
  );
  expect(readdirSync(world.path('scratch'))).toEqual([]);
  const base = / {2}from {6}(\S+)/.exec(drilled)![1]!;
  expect(await run('verify', ...place)).toContain('complete: 1 full backups');
  expect(await run('hold', ...place, `--base=${base}`, '--reason=audit')).toContain('held until it is released: audit');
  expect(await run('prune', ...place, '--keep-last=1')).toContain(`${base}, as of transaction`);
  const proved = await run('info', ...place);
  expect(proved).toMatch(/^Repository /);
  expect(proved).toMatch(/ {2}drill {7}sound as of transaction \d+, took .* s, .* s ago\n/);
  expect(proved).toMatch(/ {2}verified {4}complete \(1 full backup, names only\), .* ago\n/);
  expect(proved).toMatch(new RegExp(` {2}held {8}${base}, since .*Z: audit\\n`));
  expect(await run('key', 'check', ...place)).toContain('not encrypted, so no key is needed');
  expect(await run('release', ...place, `--base=${base}`)).toContain(': released');
  expect(await run('release', ...place, `--base=${base}`)).toContain(': it was not held');
});

it('a repository is copied from a folder into a bucket, for other recipients, and back again', async () => {
  const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = S3_KEY;
  const credentials = world.path('credentials.json');
  writeFileSync(credentials, JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey }));
  const secret = await generateX25519Identity();
  const key = world.path('key.txt');
  writeFileSync(key, `${secret}\n`);
  const [here, back] = [`--repo=${world.path('here')}`, world.path('back')];
  const there = `s3://${bucket.bucket}/copy?endpoint=${bucket.endpoint}`;
  const command = `cat ${credentials}`;
  const { host, port } = listener.address;
  await run('repo', 'init', here, '--no-encryption');
  const recipients = `--recipients=${await identityToRecipient(secret)}`;
  await run('repo', 'init', `--repo=${there}`, recipients, `--credentials-command=${command}`);
  await run('repo', 'init', `--repo=${back}`, recipients);
  await run('backup', `--from=${host}:${port}`, here);
  await commit(3);
  await run('backup', `--from=${host}:${port}`, here);
  const copy = () => run('copy', here, `--to-repo=${there}`, `--to-credentials-command=${command}`);
  expect(await copy()).toMatch(/: 1 full backup and 1 piece of log copied, .*, sealed anew\n$/);
  expect(await copy()).toMatch(/: nothing new; 1 full backup there already\n$/);
  // The same recipients: no key is needed.
  const returned = await run('copy', `--repo=${there}`, `--credentials-command=${command}`, `--to-repo=${back}`);
  expect(returned).toMatch(/: 1 full backup and 1 piece of log copied, [^,]*\n$/);
  const to = world.path('restored', 'back');
  await run('restore', `--repo=${back}`, `--identity=${key}`, `--to=${to}`, '--check');
  const restored = await EmbeddedDatabase.open(to);
  expect([...restored.nodes()]).toHaveLength([...database.nodes()].length);
  await restored.close();
});

it.each([
  [['backup', '--repo=r', '--to=x'], 'give either --repo or --to, not both'],
  [['backup', '--repo=r', '--repo=./r'], 'give each --repo only once'],
  [['backup', '--repo=r', '--repo='], '--repo must not be empty'],
  [['backup', '--to=x', '--database=y'], '--database is for a backup into a repository: give --repo too'],
  [['backup', '--repo=r', '--database=ä'], "'ä' cannot be the name of a database in a repository"],
  [['restore', '--repo=r', '--from=x'], 'give either --from, a backup in a directory, or --repo, a repository'],
  [['restore', '--from=x', '--until=3'], '--until is for a restore from a repository: give --repo too'],
  [['restore', '--repo=r', '--until=yesterday'], "--until: 'yesterday' is no moment"],
  [['restore', '--repo=r', '--until=2026-11-30'], "--until: '2026-11-30' is no moment"],
  [['restore', '--repo=r', '--until=2026-11-30T02:00:00'], 'is no moment: give latest'],
  [['repo', 'init', '--repo=r'], 'for whom are the backups encrypted? Give --recipients, or --no-encryption'],
  [['backup', '--repo=r', '--identity=x'], '--identity is for a drill after the backup: give --drill too'],
  [['backup', '--to=x', '--drill'], '--drill is for a backup into a repository: give --repo too'],
  [['drill', '--repo=r', '--until=yesterday'], "--until: 'yesterday' is no moment"],
  [['hold', '--repo=r'], "required option '--base <id>' not specified"],
  [['key', 'lose', '--repo=r'], "there is no action 'lose' of key; there is: check"],
  [['repo', 'burn', '--repo=r'], "there is no action 'burn' of repo; there is: init"],
])('%j is refused', async (args, message) => {
  let output = '';
  const { runBackup: _, ...context } = world.context();
  const take = (text: string) => {
    output += text;
  };
  expect(await runGraphkeep(args, { ...context, stdout: take, stderr: take })).toBe(1);
  expect(output).toContain(message);
});
