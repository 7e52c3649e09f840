import { expect, it } from 'vitest';
import { liveReadingOf, type ModernFileRole, modernHandlingOf, modernRoleOf } from './modern-files.ts';

const roles: [string, ModernFileRole][] = [
  ['neostore', 'metadata'],
  ['neostore.nodestore.db', 'record-store'],
  ['neostore.propertystore.db.index.keys', 'record-store'],
  ['neostore.propertystore.db.index.keys.id', 'id-file'],
  ['neostore.id', 'id-file'],
  ['neostore.counts.db', 'counts'],
  ['neostore.labelscanstore.db', 'token-scan'],
  ['neostore.transaction.db.17', 'transaction-log'],
  ['checkpoint.0', 'check-point-log'],
  ['database_lock', 'lock'],
  ['quarantine_marker', 'quarantine-marker'],
  ['id-buffer.tmp.3', 'scratch'],
  ['migrate/neostore', 'migration'],
  ['migrate/', 'migration'],
  ['corrupted-neostore.transaction.db/x.zip', 'corrupted-log'],
  ['schema/', 'search-index'],
  ['schema/index/range-1.0/', 'tree-index'],
  ['schema/index/range-1.0/7/index-7', 'tree-index'],
  ['schema/index/token-lookup-1.0/1/index-1', 'tree-index'],
  ['schema/index/range-1.0/7/index-7.scan-0', 'scratch'],
  ['schema/index/range-1.0/7/failure-message', 'index-failure'],
  ['schema/index/vector-2026.08/9/1/_0.cfs', 'search-index'],
  ['schema/index/vector-2026.08/9/', 'search-index'],
  ['schema/index/text-3.0/13/1/segments_b', 'search-index'],
  ['schema/index/text-3.0/13/1/write.lock', 'lock'],
  ['schema/index/text-3.0/13/1/_1q_doc_ids_3.tmp', 'scratch'],
  ['schema/index/text-3.0/13/failure-message', 'index-failure'],
  ['schema/index/lucene+native-3.0/4/lucene-1.0/1/_0.si', 'search-index'],
  ['schema/index/lucene+native-3.0/4/native-btree-1.0/index-4', 'tree-index'],
  ['schema/index/stray', 'unknown'],
  ['schema/other/range-1.0/7/index-7', 'unknown'],
  ['index-7', 'unknown'],
  ['neostore.transaction.db.x', 'unknown'],
  ['block.x1.db', 'unknown'],
];

it.each(roles)('%s is a file of the role %s', (path, role) => {
  expect(modernRoleOf(path)).toBe(role);
});

it('what is copied has a way to be read, and nothing else has', () => {
  const ways = roles.map(([, role]) => `${modernHandlingOf(role)} ${liveReadingOf(role) ?? 'not'}`);
  const known = ['copied plain', 'derived folder', 'derived plain', 'derived tree', 'log not', 'never not'];
  expect([...new Set(ways)].sort()).toEqual(known);
});
