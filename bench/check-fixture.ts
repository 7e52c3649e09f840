import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Dice } from '../src/base/dice.ts';
import { buildIndexes } from '../src/replay/derived/index-rebuild.ts';
import { bringLabelScanUpToDate, storedLabels } from '../src/replay/derived/label-scan-file.ts';
import { StoreWriter } from '../src/store/build/store-writer.ts';
import type { IndexRule } from '../src/store/graph/schema-rule.ts';
import { StoreReader } from '../src/store/graph/store-reader.ts';
import type { KeyedValue } from '../src/store/values/property-chain.ts';
import { randomBits } from '../test/support/random/random-bits.ts';
import { openCached, type StoreFixture } from './store-fixture.ts';

/** Part of the name in the cache: stores of an older generator are not used. */
const GENERATOR = 'check-v1';
const SEED = 20181122;
const HUBS = 1000;

/** The store for measuring a check, from the cache or made now, by our own writers alone: records, label scan store, indexes, counts. */
export function openCheckFixture(cacheDir: string, nodes: number, relationships: number): Promise<StoreFixture> {
  return openCached(cacheDir, GENERATOR, { nodes, relationships }, async (making, directory) => {
    const scratch = path.join(making, 'scratch');
    await mkdir(scratch);
    await writeStore(directory, nodes, relationships);
    await bringLabelScanUpToDate(directory, 'rebuild', storedLabels(directory), scratch);
    await writeIndexes(directory, scratch);
    await rm(scratch, { recursive: true });
  });
}

/**
 * People with a name and a number, both indexed. One in five has a text in two or more dynamic records, another one in five a second
 * property record. Every relationship has a property, and one in ten ends at one of the {@link HUBS}. About 2.2 properties per
 * relationship.
 */
async function writeStore(directory: string, nodes: number, relationships: number): Promise<void> {
  const dice = new Dice(SEED);
  const store = new StoreWriter(directory, { provider: { key: 'native-btree', version: '1.0' } });
  const person = store.label('Person');
  const customer = store.label('Customer');
  const types = ['KNOWS', 'LIKES', 'PAID'].map((name) => store.relationshipType(name));
  const key = (name: string) => store.propertyKey(name);
  const [name, number, text, score, since] = [key('name'), key('number'), key('text'), key('score'), key('since')];
  for (let i = 0; i < nodes; i++) {
    const properties: KeyedValue[] = [
      { key: name, value: { type: 'string', value: `person ${i.toString(36)}` } },
      { key: number, value: { type: 'long', value: BigInt(dice.between(0, 1_000_000_000)) } },
    ];
    if (i % 5 === 0) properties.push({ key: text, value: { type: 'string', value: makeText(dice) } });
    if (i % 5 === 1) properties.push({ key: score, value: { type: 'double', bits: randomBits(dice) >> 2n } });
    store.addNode({ labels: i % 3 === 0 ? [person, customer] : [person], properties });
  }
  for (let i = 0; i < relationships; i++) {
    store.addRelationship({
      type: types[i % types.length]!,
      start: dice.between(0, nodes - 1),
      end: dice.between(0, (i % 10 === 0 ? Math.min(HUBS, nodes) : nodes) - 1),
      properties: [{ key: since, value: { type: 'int', value: i } }],
    });
  }
  for (const propertyKey of [name, number]) {
    store.addIndex({ entity: 'node', entityTokens: [person], propertyKeys: [propertyKey], multi: false });
  }
  await store.finish();
}

/** Too long for a property record. */
function makeText(dice: Dice): string {
  const phrases = ['the quick brown fox ', 'jumps over ', 'a lazy dog ', 'and Ö dän ', 'never Comes back; '];
  let text = '';
  for (const length = dice.between(130, 200); text.length < length; ) text += dice.pick(phrases);
  return text;
}

async function writeIndexes(directory: string, scratch: string): Promise<void> {
  const reader = new StoreReader(directory);
  const rules = reader.schemaRules().filter((rule): rule is IndexRule => rule.kind === 'index');
  reader.close();
  for (const [rule, reason] of await buildIndexes(directory, rules, scratch)) {
    if (reason !== undefined) throw new Error(`index ${rule.id} cannot be built: ${reason}`);
  }
}

/** Paths of all files of a store. */
export async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}
