import { closeSync, cpSync, openSync, readdirSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkStore } from '../../src/check/store-check.ts';
import { type BaseStore, CorruptionLab } from '../support/corpus/corruptions.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { SEED } from '../support/random/seed.ts';
import { describeInterop, judgeStores, makeScratch, runAdmin, type Version } from './harness/index.ts';

/*
 * Random single bytes are changed in record stores, counts and trees. What the real checker calls inconsistent, or cannot check, ours never
 * calls consistent, except for the content of Lucene parts. (Other suites verify that both agree on sound stores.)
 */

const rounds = Number(process.env.GRAPHKEEP_CHECK_ROUNDS ?? 100);

/** For a small store: the real checker waits for ever when one of its workers has died of a damaged record. */
const PATIENCE_MS = 4000;

let lab: CorruptionLab;
beforeAll(async () => {
  lab = await CorruptionLab.open();
});
afterAll(() => lab.close());

const DAMAGED = /^neostore\..*(?<!\.id)$|schema\/index\/.*index-\d+$/;

function damagedFiles(store: string): string[] {
  const names = readdirSync(store, { recursive: true, encoding: 'utf8' }).sort();
  return names.filter((name) => {
    const info = statSync(join(store, name));
    return DAMAGED.test(name) && !name.includes('transaction.db') && info.isFile() && info.size > 0;
  });
}

/** Changes one non-zero byte; returns a description. */
function damage(store: string, dice: Dice): string {
  const name = dice.pick(damagedFiles(store));
  const path = join(store, name);
  const fd = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  const { size } = statSync(path);
  let at = 0;
  for (let tries = 0; tries < 500 && byte[0] === 0; tries++) {
    at = dice.below(size);
    readSync(fd, byte, 0, 1, at);
  }
  const before = byte[0]!;
  byte[0] = dice.chance(0.5) ? before ^ (1 << dice.below(8)) : (before + dice.between(1, 255)) & 255;
  writeSync(fd, byte, 0, 1, at);
  closeSync(fd);
  return `${name} @${at}: ${before} > ${byte[0]}`;
}

/** Our verdict: consistent or not; a store that our check refuses does not count as consistent. */
async function judge(store: string): Promise<{ consistent: boolean; kinds: string[] }> {
  try {
    const { consistent, byKind } = await checkStore(store, { propertyOwners: true });
    return { consistent, kinds: [...byKind.keys()] };
  } catch (error) {
    return { consistent: false, kinds: [`refused: ${(error as Error).message}`] };
  }
}

/**
 * The errors in the report of the real checker, one line each. None if it ends well now: on a busy machine a sound store may take longer
 * than {@link judgeStores} waits.
 */
async function findErrors(version: Version, store: string): Promise<string[]> {
  const reports = makeScratch('missed-report');
  const args = ['check-consistency', `--backup=${store}`, `--report-dir=${reports}`];
  const { code } = await runAdmin(version, { args, timeoutMs: 120_000 });
  if (code === 0) return [];
  const text = readdirSync(reports).map((name) => readFileSync(join(reports, name), 'utf8'));
  const entries = text.join('').split(/^(?=ERROR: |WARN : )/m);
  const errors = entries.filter((entry) => entry.startsWith('ERROR'));
  return errors.length === 0 ? ['no report'] : errors.map((entry) => entry.replaceAll(/\s+/g, ' '));
}

/** Values that some part of an index keeps in a tree, as the real checker writes them. */
const NUMBER = /^-?(\d|Infinity$|NaN$)[\d.E-]*$/;
const TEMPORAL_OR_POINT = /^(-?\d{4,}-\d\d-\d\d|\d\d:\d\d|P[-\dT]|\{|point)/i;

/**
 * A node missing from an index, with a value that this index keeps in its Lucene part (docs/formats/trees-and-indexes.md 10): an array, a
 * boolean, or the values of several properties; without a tree for texts or numbers, those too.
 */
function isAboutLucene(error: string): boolean {
  const parts =
    /not found in the expected index.*, descriptor=(.*), provider=\{key=(lucene[^,}]*), version=([^}]*)\}\] \[(.*)\]/.exec(
      error,
    );
  if (parts === null) return false;
  const [, descriptor, key, version, value] = parts as unknown as [string, string, string, string, string];
  if (/\(property\[\d+\], property/.test(descriptor) || /^(\[.*\]|true|false)$/.test(value)) return true;
  if (TEMPORAL_OR_POINT.test(value)) return false;
  if (NUMBER.test(value)) return key === 'lucene';
  return key === 'lucene' || version === '1.0';
}

describeInterop('the consistency check and the real one', () => {
  it.each<[Version, BaseStore]>(
    campaign.few(
      [
        ['3.4.9', 'base34'],
        ['3.5.34', 'base35'],
      ],
      1,
    ),
  )(`what %s calls inconsistent is inconsistent for our check too (seed ${SEED})`, async (version, base) => {
    const dice = new Dice(SEED);
    const root = makeScratch('damaged');
    const stores: { path: string; what: string; ours: Awaited<ReturnType<typeof judge>> }[] = [];
    for (let round = 0; round < rounds; round++) {
      const path = join(root, String(round));
      cpSync(lab.copy(base), path, { recursive: true });
      const what = damage(path, dice);
      stores.push({ path, what, ours: await judge(path) });
    }
    const theirs = await judgeStores(
      version,
      stores.map(({ path }) => path),
      PATIENCE_MS,
    );
    const missed: string[] = [];
    for (const [i, { path, what, ours }] of stores.entries()) {
      if (!ours.consistent || theirs[i]) continue;
      const errors = await findErrors(version, path);
      if (errors.length === 0) console.log(`${version}: ${what} took the real checker long, but it finds nothing`);
      else if (!errors.every(isAboutLucene))
        missed.push(`${what}: ours ${ours.kinds}, the real one ${errors.join('; ')}`);
      else console.log(`${version}: ${what} is in Lucene parts only, whose content we do not read`);
    }
    expect(missed).toEqual([]);
    const count = (verdicts: boolean[]) => verdicts.filter((consistent) => !consistent).length;
    const ours = count(stores.map(({ ours: { consistent } }) => consistent));
    console.log(`${version}: of ${rounds} damaged stores ours refuses ${ours}, the real checker ${count(theirs)}`);
    expect(count(theirs)).toBeGreaterThan(rounds / 10);
  });
});
