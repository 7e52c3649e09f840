import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  makeTemporaryDirectory,
  removeDirectory,
  unpackCorpus,
} from '../../../../test/support/corpus/unpack-corpus.ts';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { Dice } from '../../../../test/support/random/dice.ts';
import { SEED } from '../../../../test/support/random/seed.ts';
import { examineRecords } from '../../../../test/support/stores/examine-records.ts';
import { checkContextOf } from '../../../../test/support/stores/record-findings.ts';
import { writeSampleGraph } from '../../../../test/support/stores/sample-graph.ts';
import { type StoreKey, storeFile } from '../../../store/files/store-files.ts';
import { HIGH_LIMIT_FORMAT, STANDARD_FORMAT } from '../../../store/files/store-format.ts';
import { StoreReader } from '../../../store/graph/store-reader.ts';
import type { Finding } from '../../findings/finding.ts';
import type { ExamineOptions } from '../../parts/graph-examination.ts';

const ROUNDS_PER_STORE = campaign.rounds(150);

/** Files where a changed byte can damage more than a value. */
const DAMAGED: StoreKey[] = [
  'node',
  'relationship',
  'relationship',
  'relationship',
  'relationshipGroup',
  'property',
  'propertyStrings',
  'propertyArrays',
  'nodeLabels',
];

let root: string;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
  await unpackCorpus('corruptions/base34.tar.gz', root);
  await unpackCorpus('corruptions/base35.tar.gz', root);
  const size = { nodes: 60, relationships: 150 };
  await writeSampleGraph(join(root, 'standard'), new Dice(SEED), { format: STANDARD_FORMAT, ...size });
  await writeSampleGraph(join(root, 'high-limit'), new Dice(SEED + 1), { format: HIGH_LIMIT_FORMAT, ...size });
});
afterAll(() => removeDirectory(root));

async function findAll(directory: string, options: ExamineOptions): Promise<Finding[]> {
  const reader = new StoreReader(directory);
  const findings: Finding[] = [];
  try {
    await examineRecords(
      checkContextOf(reader, (finding) => findings.push(finding), { propertyOwners: true }),
      options,
    );
  } finally {
    reader.close();
  }
  return findings;
}

function sorted(findings: Finding[]): string[] {
  return findings.map((finding) => JSON.stringify(finding)).sort();
}

/** Reverts a change of some bytes in a file. */
type Undo = () => void;

/** The part of a store file that holds records. */
interface Extent {
  key: StoreKey;
  path: string;
  recordBytes: number;
  firstId: number;
  endId: number;
}

function measure(directory: string): Extent[] {
  const reader = new StoreReader(directory);
  try {
    return DAMAGED.map((key) => {
      const file = reader.file(key);
      const path = join(directory, storeFile(key).fileName);
      return { key, path, recordBytes: file.codec.size, firstId: file.firstId, endId: file.highestId() + 1 };
    }).filter(({ firstId, endId }) => endId > firstId);
  } finally {
    reader.close();
  }
}

/** Changes a byte, or replaces one record with a copy of another. */
function damage({ key, path, recordBytes, firstId, endId }: Extent, dice: Dice): { what: string; undo: Undo } {
  const fd = openSync(path, 'r+');
  try {
    const id = dice.between(firstId, endId - 1);
    const whole = dice.chance(0.15);
    const position = id * recordBytes + (whole ? 0 : dice.below(Math.min(recordBytes, 42)));
    const before = Buffer.alloc(whole ? recordBytes : 1);
    readSync(fd, before, 0, before.length, position);
    const after = Buffer.from(before);
    if (whole) readSync(fd, after, 0, recordBytes, dice.between(firstId, endId - 1) * recordBytes);
    else after[0] = dice.chance(0.5) ? before[0]! + dice.between(-2, 2) : dice.below(256);
    writeSync(fd, after, 0, after.length, position);
    const undo = () => {
      const again = openSync(path, 'r+');
      writeSync(again, before, 0, before.length, position);
      closeSync(again);
    };
    return { what: `${key} ${id}: ${position} ${before.toString('hex')} > ${after.toString('hex')}`, undo };
  } finally {
    closeSync(fd);
  }
}

describe.each(campaign.sample(['base34', 'base35', 'standard', 'high-limit'], 2))('%s', (name) => {
  test('an intact store has no findings', async () => {
    expect(await findAll(join(root, name), { chains: 'examine' })).toEqual([]);
    expect(await findAll(join(root, name), { chains: 'screen', buckets: 8 })).toEqual([]);
  });

  test(`the screen finds what a look at every record finds (seed ${SEED})`, async () => {
    const dice = new Dice(SEED * 7 + name.length);
    const directory = join(root, name);
    const extents = measure(directory);
    let damaged = 0;
    for (let round = 0; round < ROUNDS_PER_STORE; round++) {
      const changes = Array.from({ length: dice.between(1, 3) }, () => damage(dice.pick(extents), dice));
      const all = await findAll(directory, { chains: 'examine' });
      const screened = await findAll(directory, { chains: 'screen', buckets: dice.pick([1, 4, 64, 1 << 14]) });
      for (const { undo } of changes.reverse()) undo();
      const place = `seed ${SEED}, round ${round}: ${changes.map(({ what }) => what).join('; ')}`;
      expect(sorted(screened), place).toEqual(sorted(all));
      if (all.length > 0) damaged++;
    }
    expect(damaged).toBeGreaterThan(ROUNDS_PER_STORE / 4);
    expect(await findAll(directory, { chains: 'examine' })).toEqual([]);
  });
});
