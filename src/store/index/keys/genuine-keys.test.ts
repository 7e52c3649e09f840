import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  makeTemporaryDirectory,
  removeDirectory,
  unpackCorpus,
} from '../../../../test/support/corpus/unpack-corpus.ts';
import { ByteReader } from '../../../base/byte-reader.ts';
import { TreeCursor } from '../../tree/read/tree-cursor.ts';
import { openTreeForReading } from '../../tree/read/tree-file.ts';
import type { PropertyValue, ScalarType, ScalarValue } from '../../values/property-value.ts';
import { partOf } from '../index-part.ts';
import { findProvider } from '../index-provider.ts';
import { findLayoutOf } from '../tree-layouts.ts';
import { genericKey } from './generic-key.ts';
import { temporalKeys } from './temporal-key.ts';

const number = (type: 'byte' | 'short' | 'int', value: number): ScalarValue => ({ type, value });
const long = (value: bigint): ScalarValue => ({ type: 'long', value });
const float = (bits: number): ScalarValue => ({ type: 'float', bits });
const double = (bits: bigint): ScalarValue => ({ type: 'double', bits });
const char = (value: number): ScalarValue => ({ type: 'char', value });
const text = (value: string): ScalarValue => ({ type: 'string', value });
const array = (of: ScalarType, ...elements: ScalarValue[]): PropertyValue => ({ type: 'array', of, elements });
const time = (localNanoOfDay: bigint, offsetSeconds: number): ScalarValue => ({
  type: 'time',
  localNanoOfDay,
  offsetSeconds,
});
const localDateTime: ScalarValue = { type: 'localdatetime', epochSecond: -2208988800n, nanoOfSecond: 500_000_000 };
const halfPastMidnight = time(1_800_000_000_000n, 7200);
const duration = (months: bigint, days: bigint, seconds: bigint, nanos: number): ScalarValue => ({
  type: 'duration',
  months,
  days,
  seconds,
  nanos,
});
const newYear = { type: 'datetime', epochSecond: 1577833200n, nanoOfSecond: 0 } as const;

/** The value of each node in index 1, by node id. */
const values: PropertyValue[] = [
  number('byte', -3),
  number('short', -300),
  number('int', -70000),
  long(-5_000_000_000n),
  float(0x3fc00000),
  float(0x80000000),
  float(0x7fc00000),
  float(0xff800000),
  double(0x400c000000000000n),
  // A NaN with a payload; the index stores the plain one.
  double(0x7ff8000000000123n),
  double(0x7ff8000000000000n),
  number('byte', 1),
  number('short', 1),
  number('int', 1),
  long(1n),
  float(0x3f800000),
  double(0x3ff0000000000000n),
  number('int', 0),
  double(0n),
  double(0x8000000000000000n),
  float(0),
  char(0x63),
  char(0xe9),
  char(0xd800),
  text('c'),
  text('\ud800x'),
  text('a\udc00b'),
  text(''),
  array('byte', number('byte', 1), number('byte', -2)),
  array('short', number('short', 1), number('short', -2)),
  array('int', number('int', 1), number('int', -2)),
  array('long', long(1n), long(-2n)),
  array('float', float(0x3fc00000)),
  array('double', double(0x8000000000000000n)),
  array('boolean', { type: 'boolean', value: true }, { type: 'boolean', value: false }),
  array('char', char(0x61), char(0xe9)),
  array('string', text('a'), text('bb')),
  array('byte'),
  array('short'),
  array('int'),
  array('long'),
  array('float'),
  array('double'),
  array('boolean'),
  array('char'),
  array('string'),
  halfPastMidnight,
  time(84_600_000_000_000n, -7200),
  time(43_200_000_000_000n, 64800),
  { type: 'localtime', nanoOfDay: 86_399_999_999_999n },
  { type: 'date', epochDay: -756052n },
  localDateTime,
  array('time', halfPastMidnight),
  array('localtime', { type: 'localtime', nanoOfDay: 3_600_000_000_000n }),
  array('date', { type: 'date', epochDay: 10957n }),
  array('localdatetime', localDateTime),
  array('datetime', { ...newYear, offsetSeconds: 3600 }, { ...newYear, zone: 169 }),
  array('duration', duration(0n, 0n, 1n, 500_000_000), duration(0n, 0n, -2n, 500_000_000)),
  duration(0n, 0n, -2n, 500_000_000),
  duration(14n, 3n, 0n, 0),
  array('duration', duration(14n, 3n, 0n, 0)),
  array('date'),
  array('datetime'),
];
/** The longest texts that servers accept; 89 to 91 are in both indexes, 3.4.9 also has 92 to 94. */
const longTexts = new Map([4000, 4035, 4036, 4037, 4038, 4039].map((length, i) => [89 + i, text('x'.repeat(length))]));

let directory: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
  await unpackCorpus('trees/values.tar.gz', directory);
});
afterAll(() => removeDirectory(directory));

/** The keys of a tree by their entity, in order. Also checks the order of neighbours. */
function readKeys(path: string): Map<number, string> {
  const file = join(directory, path);
  const layout = findLayoutOf(file)!;
  const tree = openTreeForReading(file, layout);
  const keys = new Map<number, string>();
  let last: Buffer | undefined;
  for (const cursor = new TreeCursor(tree); cursor.next(); ) {
    const key = Buffer.from(cursor.page.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength));
    if (last !== undefined) {
      expect(layout.compare(last, 0, last.length, key, 0, key.length)).toBeLessThan(0);
      expect(layout.compare(key, 0, key.length, last, 0, last.length)).toBeGreaterThan(0);
    }
    last = key;
    expect(layout.findKeyProblem?.(key, 0, key.length, false)).toBeUndefined();
    const codec = layout.keys === 'dynamic' ? 0 : key.length - 8;
    keys.set(Number(key.readBigInt64BE(codec)), key.toString('hex'));
  }
  tree.file.close();
  return keys;
}

describe('keys of every type', () => {
  it('keys of every type of native-btree-1.0 are those of the server', () => {
    const keys = readKeys('values35/schema/index/native-btree-1.0/1/index-1');
    const expected = new Map([...values.entries(), ...longTexts]);
    expect(keys.size).toBe(values.length + 3);
    for (const [id, key] of keys) {
      expect(Buffer.from(genericKey.encode(id, [expected.get(id)!])!).toString('hex')).toBe(key);
      const again = genericKey.decode(new ByteReader(Buffer.from(key, 'hex')));
      expect(again.entityId).toBe(id);
      expect(Buffer.from(genericKey.encode(id, again.values)!).toString('hex')).toBe(key);
    }
    expect(genericKey.encode(94, [longTexts.get(94)!])!.length).toBeGreaterThan(4047);
  });

  it('keys of every type of lucene+native-2.0 are those of the server, each in its part', () => {
    const folders = findProvider({ key: 'lucene+native', version: '2.0' })!.folders(1);
    const parts = new Map<string, Map<number, string>>();
    let native = 0;
    for (const [id, value] of [...values.entries(), ...longTexts]) {
      const part = partOf(folders, false, [value]);
      if (part.kind !== 'native') {
        expect(part.kind).toBe('lucene');
        expect(value.type).toBe('array');
        continue;
      }
      let keys = parts.get(part.path);
      if (keys === undefined) {
        keys = readKeys(`values34/${part.path}`);
        parts.set(part.path, keys);
      }
      expect(Buffer.from(part.codec.encode(id, [value])!).toString('hex')).toBe(keys.get(id));
      native++;
    }
    expect([...parts.values()].reduce((sum, keys) => sum + keys.size, 0)).toBe(native);
  });

  it('keys of every type of date-times of the same instant are in the order of the server', () => {
    expect(readKeys('values35/schema/index/native-btree-1.0/3/index-3').size).toBe(26);
    expect(readKeys('values34/schema/index/lucene_native-2.0/3/temporal-1.0/zonedDateTime').size).toBe(26);
  });

  it('keys of every type that we cannot write are refused: points without curves, durations beyond 64 bits, several values where one belongs', () => {
    const point: ScalarValue = { type: 'point', srid: 4326, coordinates: [0n, 0n] };
    expect(genericKey.encode(1, [point])).toBeUndefined();
    expect(genericKey.encode(1, [long(1n), array('point', point)])).toBeUndefined();
    expect(temporalKeys.duration.encode(1, [duration(2n ** 60n, 0n, 0n, 0)])).toBeUndefined();
    expect(temporalKeys.date.encode(1, [long(1n)])).toBeUndefined();
  });
});
