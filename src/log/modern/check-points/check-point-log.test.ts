import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../../test/support/corpus/unpack-corpus.ts';
import { readCheckPoints } from '../../../../test/support/modern/all-check-points.ts';
import { modernLogs, unpackModernLog } from '../../../../test/support/modern/modern-corpus.ts';
import { mutateBytes } from '../../../../test/support/random/byte-mutations.ts';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { nextSeed } from '../../../../test/support/random/seed.ts';
import { Dice } from '../../../base/dice.ts';
import { hasCode } from '../../../base/errors.ts';
import { type LoggedCheckPoint, readLastCheckPoint } from './check-point-log.ts';

let scratch: string;
let damaged: string;
beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  damaged = join(scratch, 'damaged');
  mkdirSync(damaged);
});
afterAll(() => removeDirectory(scratch));

const file = (directory: string, version = 0) => join(directory, `checkpoint.${version}`);

/** Reads the check points in these bytes, as file 0; undefined if they were refused. */
function readFrom(bytes: Buffer): LoggedCheckPoint[] | undefined {
  writeFileSync(file(damaged), bytes);
  try {
    return readCheckPoints(damaged);
  } catch (error) {
    if (hasCode(error, 'log.corrupt', 'store.format')) return undefined;
    throw error;
  }
}

describe.each(modernLogs.filter((name) => !name.startsWith('upgrade')))('the check points of %s', (name) => {
  let whole: Buffer;
  let records: LoggedCheckPoint[];
  beforeAll(async () => {
    const directory = await unpackModernLog(name, scratch);
    whole = readFileSync(file(directory));
    records = readCheckPoints(directory);
  });

  it('are those that are whole, wherever the file was cut', () => {
    const { start } = records[0]!;
    for (const length of campaign.some([...Array(whole.length - start).keys()], 7).map((at) => at + start)) {
      const left = records.filter(({ end }) => end <= length);
      expect(readFrom(whole.subarray(0, length))).toEqual(left);
      const withZeros = Buffer.concat([whole.subarray(0, length), Buffer.alloc(2000)]);
      // A record whose last bytes are zeros is whole with zeros in their place.
      expect(readFrom(withZeros)!.length - left.length).toBeLessThanOrEqual(1);
    }
  });

  it('are right or refused, whatever was damaged', () => {
    const dice = new Dice(nextSeed());
    for (let round = 0; round < campaign.rounds(300, 30); round++) {
      const found = readFrom(mutateBytes(whole, dice)) ?? [];
      const places = found.map(({ file: _, ...record }) =>
        JSON.stringify({ ...record, start: 0, end: 0, storeId: '' }),
      );
      const known = records.map(({ file: _, ...record }) =>
        JSON.stringify({ ...record, start: 0, end: 0, storeId: '' }),
      );
      expect(known).toEqual(expect.arrayContaining(places));
    }
  });
});

describe('readLastCheckPoint', () => {
  it('goes back to the file before if the newest has none yet', async () => {
    const directory = await unpackModernLog('5.26.30', join(scratch, 'two'));
    const last = readLastCheckPoint(directory)!;
    const header = readFileSync(file(directory)).subarray(0, 128);
    header[7] = 1;
    writeFileSync(file(directory, 1), Buffer.concat([header, Buffer.alloc(5000)]));
    expect(readLastCheckPoint(directory)).toEqual(last);
    writeFileSync(file(directory, 1), '');
    expect(readLastCheckPoint(directory)).toEqual(last);
    rmSync(file(directory));
    expect(readLastCheckPoint(directory)).toBeUndefined();
    expect(readCheckPoints(directory)).toEqual([]);
  });

  it('reads files in the order of their numbers, and no others', async () => {
    const directory = await unpackModernLog('5.26.30', join(scratch, 'ten'));
    const bytes = readFileSync(file(directory));
    for (const version of [9, 10]) {
      bytes[7] = version;
      writeFileSync(file(directory, version), bytes.subarray(0, version === 9 ? 128 + 232 : 128 + 2 * 232));
    }
    writeFileSync(join(directory, 'checkpoint.11.tmp'), 'none');
    expect(readLastCheckPoint(directory)).toMatchObject({ file: 10, start: 360 });
    expect(readCheckPoints(directory).map((each) => each.file)).toEqual(expect.arrayContaining([0, 9, 10]));
  });

  it('a damaged check point with others behind it is an error', async () => {
    const directory = await unpackModernLog('5.26.30', join(scratch, 'hit'));
    const bytes = readFileSync(file(directory));
    bytes[200]! ^= 4;
    writeFileSync(file(directory), bytes);
    expect(() => readLastCheckPoint(directory)).toThrow(
      expect.objectContaining({ code: 'log.corrupt', place: { file: file(directory), offset: 128 } }),
    );
    bytes[128] = 77;
    writeFileSync(file(directory), bytes);
    expect(() => readLastCheckPoint(directory)).toThrow(
      expect.objectContaining({ code: 'store.format', observed: 77 }),
    );
  });
});
