// Checks a database that no server uses, and packs it into an archive if it is sound. Run: node check-and-archive.js <empty directory>
import { join } from 'node:path';
import { check, dump, EmbeddedDatabase, load } from 'graphkeep';

const root = process.argv[2]!;
const database = join(root, 'data', 'graph.db');

// A database to work with; one of a stopped server will do as well.
const db = await EmbeddedDatabase.open(database);
await db.transact((tx) => {
  const [hub, spoke] = [tx.createNode(['Hub']), tx.createNode(['Spoke'])];
  tx.createRelationship(spoke, 'PART_OF', hub);
});
await db.close();

const { consistent, errors, findings } = await check(database, { propertyOwners: true });
for (const { severity, kind, file, record } of findings) console.log(severity, kind, file, record);
if (!consistent) throw new Error(`${errors} errors`);
console.log('consistent');

const { archive } = await dump({ database, to: join(root, 'graph.db.dump') });
await load({ from: archive, database: join(root, 'other', 'graph.db') });
console.log('dumped and loaded');
