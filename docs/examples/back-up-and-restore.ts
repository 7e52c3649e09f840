// Backs up a database while it is open, restores the backup and reads it. Run: node back-up-and-restore.js <empty directory>
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { backup, EmbeddedDatabase, restore, serve, values } from 'graphkeep';

const root = process.argv[2]!;
const backupDir = join(root, 'backups');
await mkdir(backupDir);

// Any server with online backup can take the place of these two: give its address to `from` below.
const db = await EmbeddedDatabase.open(join(root, 'live', 'graph.db'));
const server = await serve({ database: db, listen: { host: '127.0.0.1', port: 0 } });

await db.transact((tx) => tx.createNode(['Person'], { name: values.string('Ada'), born: values.long(1815) }));
const first = await backup({ backupDir, name: 'people', from: server.address });
console.log(`${first.kind} backup up to transaction ${first.lastTransaction}`);

// The same call again fetches only what is new.
await db.transact((tx) => tx.createNode(['Person'], { name: values.string('Grace'), born: values.long(1906) }));
const second = await backup({ backupDir, name: 'people', from: server.address });
console.log(`${second.kind} backup up to transaction ${second.lastTransaction}`);

await server.stop();
await db.close();

const database = join(root, 'restored', 'graph.db');
const { files } = await restore({ from: second.directory, database, check: true });
console.log(`restored ${files > 0 ? 'all files' : 'nothing'}`);

const copy = await EmbeddedDatabase.open(database);
for (const { properties } of copy.nodes()) console.log(values.plain(properties.name!), values.plain(properties.born!));
await copy.close();
