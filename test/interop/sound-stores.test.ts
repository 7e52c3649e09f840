import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Dice } from '../../src/base/dice.ts';
import { checkStore } from '../../src/check/store-check.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import type { IndexProvider } from '../../src/store/graph/schema-rule.ts';
import { EmbeddedLoad, loadSchema } from '../support/live/embedded-load.ts';
import { SEED } from '../support/random/seed.ts';
import { describeInterop, judgeStores, makeScratch, type Version } from './harness/index.ts';

/*
 * No false alarms: many stores with random histories, of any age, clean, reopened and checkpointed at random, are consistent for both
 * checkers. (All stores made elsewhere in this suite by servers and backups go to both checkers too.)
 */

const stores = Number(process.env.GRAPHKEEP_SOUND_STORES ?? 12);

/** A store after a random history; what our check says about it. */
async function makeStore(directory: string, indexProvider: IndexProvider, dice: Dice): Promise<string[]> {
  const options = { indexProvider, checkPointTransactions: dice.between(10, 200), rotationBytes: 64 * 1024 };
  const nativeOnly = indexProvider.key === 'lucene+native';
  let ledger: EmbeddedLoad['ledger'] | undefined;
  for (let life = dice.between(1, 3); life > 0; life--) {
    const database = await EmbeddedDatabase.open(directory, options);
    try {
      if (ledger === undefined) await createSchema(database, dice);
      const writers = dice.between(1, 8);
      const load = new EmbeddedLoad(database, {
        seed: dice.below(2 ** 31),
        writers,
        nativeOnly,
        ...(ledger === undefined ? {} : { ledger }),
      });
      await load.run(dice.between(5, 300));
      ledger = load.ledger;
    } finally {
      await database.close();
    }
  }
  const findings: string[] = [];
  await checkStore(directory, {
    propertyOwners: true,
    onFinding: ({ kind, file, record }) => {
      // An index with values that belong in Lucene waits for a server to populate it.
      if (kind !== 'schema.schemaRuleNotOnline') findings.push(`${kind} ${file} ${record}`);
    },
  });
  return findings;
}

async function createSchema(database: EmbeddedDatabase, dice: Dice): Promise<void> {
  for (const { label, keys } of loadSchema.indexes) if (dice.chance(0.7)) await database.createIndex(label, keys);
  if (dice.chance(0.7)) await database.createUniquenessConstraint(loadSchema.unique.label, loadSchema.unique.key);
}

describeInterop('sound stores', () => {
  it.each<[Version, IndexProvider]>([
    ['3.4.9', { key: 'lucene+native', version: '2.0' }],
    ['3.5.34', { key: 'native-btree', version: '1.0' }],
  ])(`sound stores are consistent for us and for %s (seed ${SEED})`, async (version, provider) => {
    const dice = new Dice(SEED);
    const root = makeScratch('sound');
    const directories = Array.from({ length: stores }, (_, i) => join(root, String(i), 'graph.db'));
    for (const directory of directories)
      expect([directory, await makeStore(directory, provider, dice)]).toEqual([directory, []]);
    const verdicts = await judgeStores(version, directories);
    expect(directories.filter((_, i) => !verdicts[i])).toEqual([]);
    console.log(`${version}: ${directories.length} stores with random histories, none inconsistent for us or for it`);
  });
});
