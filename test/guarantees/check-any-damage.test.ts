import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphkeepError } from '../../src/base/errors.ts';
import { checkStore } from '../../src/check/store-check.ts';
import { readLiveCounts } from '../../src/store/counts/counts-store.ts';
import { findLayoutOf } from '../../src/store/index/tree-layouts.ts';
import { TreeCursor } from '../../src/store/tree/read/tree-cursor.ts';
import { openTreeForReading } from '../../src/store/tree/read/tree-file.ts';
import { type BaseStore, CorruptionLab } from '../support/corpus/corruptions.ts';
import { plainCounts } from '../support/corpus/golden-store.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { SEED } from '../support/random/seed.ts';

/*
 * Promise: whatever bytes of derived files, schema, tokens and metadata are damaged, the check ends, and notices every change of what a
 * server would read from trees and counts. (For records see src/check/chains/screen/chain-screen.test.ts.)
 */

const rounds = campaign.rounds(100, 20);

let lab: CorruptionLab;
beforeAll(async () => {
  lab = await CorruptionLab.open();
});
afterAll(() => lab.close());

const DAMAGED =
  /counts\.db|labelscanstore|schemastore|tokenstore|typestore|propertystore\.db\.index|^neostore$|schema\/index/;

function damagedFiles(store: string): string[] {
  const names = readdirSync(store, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => {
    const info = statSync(join(store, name));
    return DAMAGED.test(name) && !name.endsWith('.id') && info.isFile() && info.size > 0;
  });
}

/** Changes some non-zero bytes; returns a function that undoes it. */
function damage(path: string, dice: Dice): () => void {
  const fd = openSync(path, 'r+');
  const before = Buffer.alloc(dice.chance(0.8) ? 1 : dice.between(2, 64));
  const { size } = statSync(path);
  let at = 0;
  for (let tries = 0; tries < 200; tries++) {
    at = dice.below(Math.max(1, size - before.length));
    readSync(fd, before, 0, before.length, at);
    if (before.some((byte) => byte !== 0)) break;
  }
  const after = Buffer.from(before);
  for (let i = 0; i < after.length; i++)
    after[i] = dice.chance(0.5) ? dice.below(256) : after[i]! ^ (1 << dice.below(8));
  writeSync(fd, after, 0, after.length, at);
  return () => {
    writeSync(fd, before, 0, before.length, at);
    closeSync(fd);
  };
}

/**
 * What a server reads from a tree file: its state and its entries; undefined if it is not one. Settings of points may differ, as long as
 * the entries fit them.
 */
function contentOf(path: string): string | undefined {
  try {
    const layout = findLayoutOf(path);
    if (layout === undefined) return undefined;
    const tree = openTreeForReading(path, layout);
    try {
      const entries = [String(tree.header[0])];
      for (const cursor = new TreeCursor(tree); cursor.next(); ) {
        const key = cursor.page.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength);
        const value = cursor.page.subarray(cursor.valueStart, cursor.valueStart + layout.valueBytes);
        entries.push(`${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`);
      }
      return entries.join('\n');
    } finally {
      tree.file.close();
    }
  } catch (error) {
    if (error instanceof GraphkeepError) return 'unreadable';
    throw error;
  }
}

function countsOf(store: string): string {
  const live = readLiveCounts(store);
  return live === undefined ? 'unreadable' : JSON.stringify(plainCounts(live.counts));
}

describe.each(campaign.sample(['base34', 'base35'] as BaseStore[]))('any damage to the derived files of %s', (name) => {
  it(`any damage to derived files is survived, and noticed where it matters (GRAPHKEEP_SEED=${SEED})`, async () => {
    const dice = new Dice(SEED);
    const store = lab.copy(name);
    const files = damagedFiles(store);
    const counts = countsOf(store);
    let noticed = 0;
    // A few rounds may by chance hit nothing that matters.
    for (let round = 0; round < rounds || (noticed <= rounds / 10 && round < 20 * rounds); round++) {
      const file = dice.pick(files);
      const path = join(store, file);
      const before = contentOf(path);
      const undo = damage(path, dice);
      const isDifferent = contentOf(path) !== before || countsOf(store) !== counts;
      let outcome: string;
      try {
        const { errors, warnings } = await checkStore(store, { propertyOwners: true });
        outcome = errors + warnings === 0 ? 'nothing' : 'found';
      } catch (error) {
        if (!(error instanceof GraphkeepError)) throw error;
        outcome = error.code;
      }
      undo();
      expect(['nothing', 'found', 'store.format', 'store.corrupt'], `round ${round}, ${file}`).toContain(outcome);
      if (isDifferent) expect(outcome, `round ${round}, ${file}`).not.toBe('nothing');
      if (outcome !== 'nothing') noticed++;
    }
    expect(noticed).toBeGreaterThan(rounds / 10);
  });
});
