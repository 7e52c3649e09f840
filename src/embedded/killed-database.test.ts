import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { MortalFiles } from '../../test/support/faults/mortal-files.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { Dice } from '../../test/support/random/dice.ts';
import { nextSeed } from '../../test/support/random/seed.ts';
import { findStoreProblems } from '../../test/support/stores/sound-store.ts';
import { hasCode } from '../base/errors.ts';
import type { PropertyValue } from '../store/values/property-value.ts';
import { EmbeddedDatabase, type EmbeddedOptions, type GraphNode } from './embedded-database.ts';

const mortal = await vi.hoisted(async () => {
  const { MortalFiles } = await import('../../test/support/faults/mortal-files.ts');
  return new MortalFiles() as MortalFiles;
});
vi.mock('node:fs', async (original) => mortal.wrapSync(await original()));
vi.mock('node:fs/promises', async (original) => mortal.wrapPromises(await original()));

const WRITERS = 3;
const STEPS = 8;
/** Number of nodes that each writer keeps at a time, so that ids become free and are reused. */
const KEPT = 3;
const TIMEOUT_MS = 1_200_000;
/** Kill at every eleventh change: to kill at each takes minutes (GRAPHKEEP_CAMPAIGN=11). */
const STRIDE = 11;

const options: EmbeddedOptions = {
  rotationBytes: 3000,
  checkPointTransactions: 12,
  retention: { keep: 'files', count: 2 },
  creationTimeMs: 1,
  randomId: 2n,
};

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-killed-'));
});
afterAll(() => {
  mortal.disarm();
  rmSync(root, { recursive: true });
});

const long = (value: number): PropertyValue => ({ type: 'long', value: BigInt(value) });
const numberOf = (node: GraphNode, key: string): number => Number((node.properties[key] as { value: bigint }).value);

/** The last acknowledged step of each writer. */
type Acknowledged = number[];

/**
 * One transaction of a writer: sets the new step in its hub, creates a node of that step with a relationship to the hub, deletes the oldest
 * node. At any time all of it or nothing must be there.
 */
async function step(db: EmbeddedDatabase, writer: number, number: number): Promise<void> {
  await db.transact((tx) => {
    const [hub] = db.findNodes('Hub', 'writer', long(writer));
    const hubId = hub?.id ?? tx.createNode(['Hub'], { writer: long(writer) });
    tx.setNodeProperty(hubId, 'step', long(number));
    const text: PropertyValue = { type: 'string', value: `step ${number} of ${writer}. `.repeat(10 * (number % 3)) };
    const node = tx.createNode(['Step'], { writer: long(writer), step: long(number), text });
    tx.createRelationship(hubId, `HAS_${writer}`, node, { step: long(number) });
    for (const old of db.findNodes('Step', 'writer', long(writer))) {
      if (numberOf(old, 'step') > number - KEPT) continue;
      for (const { id } of db.relationshipsOf(old.id)) tx.deleteRelationship(id);
      tx.deleteNode(old.id);
    }
  });
}

/** Opens the database, lets the writers work, creates an index halfway, closes. Notes what was acknowledged on the way. */
async function live(directory: string, acknowledged: Acknowledged): Promise<void> {
  const db = await EmbeddedDatabase.open(directory, options);
  try {
    const from = acknowledged.map((number) => number + 1);
    await Promise.all(
      from.map(async (first, writer) => {
        for (let number = first; number < first + STEPS; number++) {
          await step(db, writer, number);
          acknowledged[writer] = number;
          if (writer === 0 && number === 4) await db.createIndex('Step', ['step']);
          if (writer === 1 && number === 5) await db.createUniquenessConstraint('Hub', 'writer');
        }
      }),
    );
  } finally {
    await db.close();
  }
}

/** True if the kill ended the run. */
async function liveAndDie(directory: string, acknowledged: Acknowledged, at: number): Promise<boolean> {
  mortal.arm(at);
  try {
    await live(directory, acknowledged);
    return false;
  } catch (error) {
    for (let cause: unknown = error; cause !== undefined; cause = (cause as Error).cause) {
      if ((cause as Error).name === 'Killed') return true;
    }
    if (hasCode(error, 'embedded.failed')) return true;
    throw error;
  } finally {
    mortal.disarm();
  }
}

/** Checks that every acknowledged transaction is there, and none partly; returns how far each writer got. */
function checkContent(db: EmbeddedDatabase, acknowledged: Acknowledged, moment: string): Acknowledged {
  return acknowledged.map((known, writer) => {
    const [hub, ...others] = db.findNodes('Hub', 'writer', long(writer));
    expect(others, moment).toEqual([]);
    if (hub === undefined) {
      expect(known, moment).toBe(-1);
      return -1;
    }
    const last = numberOf(hub, 'step');
    expect(last, moment).toBeGreaterThanOrEqual(known);
    const steps = db.findNodes('Step', 'writer', long(writer)).map((node) => numberOf(node, 'step'));
    const expected = Array.from({ length: Math.min(KEPT, last + 1) }, (_, i) => last - i);
    expect(
      steps.sort((a, b) => b - a),
      moment,
    ).toEqual(expected);
    const related = db
      .relationshipsOf(hub.id)
      .map(({ properties }) => Number((properties.step as { value: bigint }).value));
    expect(
      related.sort((a, b) => b - a),
      moment,
    ).toEqual(expected);
    return last;
  });
}

async function checkNextLife(directory: string, acknowledged: Acknowledged, moment: string): Promise<Acknowledged> {
  const db = await EmbeddedDatabase.open(directory, options);
  const found = checkContent(db, acknowledged, moment);
  await step(db, 0, found[0]! + 1);
  await db.close();
  const problems = findStoreProblems(directory, { idsMayBeLost: true }).catch((error) => [String(error)]);
  expect(await problems, moment).toEqual([]);
  const leftOver = readdirSync(directory).filter((name) => name.startsWith('.'));
  expect(leftOver, moment).toEqual([]);
  return found;
}

test(
  'a database killed at any change of the file system, from its creation on, has every acknowledged transaction',
  async () => {
    const directory = join(root, 'first', 'db');
    const none = Array.from({ length: WRITERS }, () => -1);
    await liveAndDie(directory, [...none], Number.POSITIVE_INFINITY);
    const { changes } = mortal;
    expect(changes).toBeGreaterThan(150);
    for (const at of campaign.places(1, changes, STRIDE)) {
      rmSync(directory, { recursive: true, force: true });
      const acknowledged = [...none];
      await liveAndDie(directory, acknowledged, at);
      await checkNextLife(directory, acknowledged, `change ${at} of ${changes}`);
    }
  },
  TIMEOUT_MS,
);

test(
  'a database killed again and again, even during recovery, loses nothing',
  async () => {
    const original = join(root, 'second', 'original');
    const started = Array.from({ length: WRITERS }, () => -1);
    await live(original, started);
    const directory = join(root, 'second', 'db');
    cpSync(original, directory, { recursive: true });
    const acknowledged = [...started];
    let kills = 0;
    const growth = campaign.isShort ? new Dice(nextSeed()).between(17, 22) / 10 : 1.3;
    for (let at = 1; at < 400; at = Math.ceil(at * growth)) {
      if (!(await liveAndDie(directory, acknowledged, at))) continue;
      kills++;
      const copy = join(root, 'second', 'copy');
      rmSync(copy, { recursive: true, force: true });
      cpSync(directory, copy, { recursive: true });
      const found = await checkNextLife(copy, acknowledged, `change ${at}`);
      found.forEach((last, writer) => {
        acknowledged[writer] = last;
      });
    }
    expect(kills).toBeGreaterThan(campaign.size(10, 4));
  },
  TIMEOUT_MS,
);
