import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  corpusPath,
  makeTemporaryDirectory,
  removeDirectory,
  unpackCorpus,
} from '../../../../test/support/corpus/unpack-corpus.ts';
import { ByteReader } from '../../../base/byte-reader.ts';
import { genericKey } from '../../index/keys/generic-key.ts';
import type { IndexKeyCodec } from '../../index/keys/key-codec.ts';
import { numberKey, uniqueNumberKey } from '../../index/keys/number-key.ts';
import { isNumber, NUMBER_TYPES, type NumberValue } from '../../index/keys/number-order.ts';
import { isTemporal, type TemporalValue } from '../../index/keys/temporal-fields.ts';
import { temporalKeys } from '../../index/keys/temporal-key.ts';
import { textKey } from '../../index/keys/text-key.ts';
import { findLayoutOf, treeLayouts } from '../../index/tree-layouts.ts';
import type { PropertyValue, ScalarValue } from '../../values/property-value.ts';
import { openPageFile } from '../page/page-file.ts';
import { checkTreeStructure } from './structure-check.ts';
import { TreeCursor } from './tree-cursor.ts';
import { openTreeForReading } from './tree-file.ts';

/** The content of a file according to trees.json; numbers beyond 2^53 are written as `"<digits>n"`. */
interface ExpectedTree {
  layout: string;
  layoutNumber: number;
  version: string;
  stable: number;
  unstable: number;
  root: number;
  lastId: number;
  header: string;
  entries: unknown[];
}

const json = gunzipSync(readFileSync(corpusPath('trees/trees.json.gz'))).toString();
const exact = json.replace(/(?<=[[, ])-?\d{16,}(?=[\],])/g, '"$&n"');
const expectedTrees = JSON.parse(exact) as Record<string, ExpectedTree>;

const codecs = new Map<string, IndexKeyCodec>(
  [numberKey, uniqueNumberKey, textKey, genericKey, ...Object.values(temporalKeys)].map((c) => [c.layout.name, c]),
);

let directory: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
  await unpackCorpus('trees/base34.tar.gz', directory);
  await unpackCorpus('trees/base35.tar.gz', directory);
});
afterAll(() => removeDirectory(directory));

describe('tree files of real servers', () => {
  it('every tree file of the real servers has a layout', () => {
    expect(Object.keys(expectedTrees)).toHaveLength(77);
    const names = new Set(Object.values(expectedTrees).map((tree) => tree.layout));
    expect([...names].sort()).toEqual(treeLayouts.map((layout) => layout.name).sort());
  });

  it.each(Object.entries(expectedTrees))('the tree file %s is read as expected', async (name, expected) => {
    const path = join(directory, name);
    const layout = findLayoutOf(path)!;
    expect([layout.name, layout.number, `${layout.majorVersion}.${layout.minorVersion}`]).toEqual([
      expected.layout,
      expected.layoutNumber,
      expected.version,
    ]);
    const tree = openTreeForReading(path, layout);
    const { stable, unstable, rootId: root, lastId } = tree.state;
    expect({ stable, unstable, root, lastId, header: Buffer.from(tree.header).toString('hex') }).toEqual({
      stable: expected.stable,
      unstable: expected.unstable,
      root: expected.root,
      lastId: expected.lastId,
      header: expected.header,
    });
    const entries: unknown[] = [];
    for (const cursor = new TreeCursor(tree); cursor.next(); ) {
      const key = Buffer.from(cursor.page.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength));
      entries.push(render(layout.name, key, Buffer.from(cursor.page), cursor.valueStart));
    }
    tree.file.close();
    expect(entries).toEqual(withoutCurves(expected.layout, expected.entries));
    expect(await checkTreeStructure(openPageFile(path, 'read'), layout)).toEqual([]);
  });
});

/** Renders an entry in the form of trees.json, and checks that encoding the decoded entry gives the same bytes. */
function render(layout: string, key: Buffer, page: Buffer, valueStart: number): unknown {
  if (layout === 'LSL') {
    const range = key.readUInt32BE(4) + key.readUInt16BE(8) * 2 ** 32;
    return [[key.readInt32BE(0), range], page.toString('hex', valueStart, valueStart + 8)];
  }
  if (layout === 'UPI') return [[renderInteger(key.readBigInt64BE(0)), renderInteger(key.readBigInt64BE(8))]];
  const codec = codecs.get(layout)!;
  const { entityId, values } = codec.decode(new ByteReader(key));
  const again = codec.encode(entityId, values);
  if (JSON.stringify(values, (_, v) => (typeof v === 'bigint' ? '' : v)).includes('point'))
    expect(again).toBeUndefined();
  else expect(Buffer.from(again!).toString('hex')).toBe(key.toString('hex'));
  const value = values[0] as ScalarValue;
  if (layout === 'NSIL') return [[values.map(renderSlot), entityId]];
  if (isNumber(value)) return [[...renderNumber(value), entityId]];
  if (isTemporal(value)) return [[...renderTemporal(value), entityId]];
  return [[renderElement(value), entityId]];
}

const slots = ['point', 'datetime', 'localdatetime', 'date', 'time', 'localtime', 'duration', 'string', 'boolean'];

function renderSlot(value: PropertyValue): unknown {
  const type = value.type === 'array' ? value.of : value.type;
  const slot = isNumber({ type }) ? 9 : slots.indexOf(type);
  return value.type === 'array' ? [slot + 10, value.elements.map(renderElement)] : [slot, renderElement(value)];
}

function renderElement(value: ScalarValue): unknown {
  if (isNumber(value)) return renderNumber(value);
  if (isTemporal(value)) {
    const fields = renderTemporal(value);
    return fields.length === 1 ? fields[0] : fields;
  }
  if (value.type === 'boolean') return value.value;
  if (value.type === 'string') return { utf8: value.value };
  if (value.type !== 'point') throw new Error(value.type);
  const table = value.srid === 4326 || value.srid === 4979 ? 1 : 2;
  return [table, value.srid, value.coordinates.map(renderDouble)];
}

function renderNumber(value: NumberValue): [number, unknown] {
  const type = NUMBER_TYPES.indexOf(value.type);
  if (value.type === 'double') return [type, renderDouble(value.bits)];
  if (value.type === 'long') return [type, renderInteger(value.value)];
  throw new Error('Cypher writes only long and double');
}

function renderTemporal(value: TemporalValue): unknown[] {
  switch (value.type) {
    case 'date':
      return [renderInteger(value.epochDay)];
    case 'localtime':
      return [renderInteger(value.nanoOfDay)];
    case 'time':
      return [renderInteger(value.localNanoOfDay - BigInt(value.offsetSeconds) * 10n ** 9n), value.offsetSeconds];
    case 'localdatetime':
      return [renderInteger(value.epochSecond), value.nanoOfSecond];
    case 'datetime': {
      const zone = value.zone === undefined ? value.offsetSeconds! & 0xffffff : value.zone + 0x1000000;
      return [renderInteger(value.epochSecond), value.nanoOfSecond, zone];
    }
    case 'duration': {
      const total = value.months * 2629800n + value.days * 86400n + value.seconds;
      return [renderInteger(total), value.nanos, renderInteger(value.months), renderInteger(value.days)];
    }
  }
}

function renderInteger(value: bigint): number | string {
  return value.toString().length >= 16 + (value < 0n ? 1 : 0) ? `${value}n` : Number(value);
}

function renderDouble(bits: bigint): number | string {
  const double = new DataView(new BigUint64Array([bits]).buffer).getFloat64(0, true);
  return Number.isNaN(double) ? 'nan' : double === Infinity ? 'inf' : double;
}

/** Points in `native-btree-1.0` keys without the curve value, which our decoder skips. */
function withoutCurves(layout: string, entries: unknown[]): unknown[] {
  if (layout !== 'NSIL') return entries;
  const strip = ([table, code, , coordinates]: unknown[]) => [table, code, coordinates];
  return (entries as [[[number, unknown][], number]][]).map(([[values, entity]]) => [
    [
      values.map(([slot, data]) =>
        slot === 0
          ? [slot, strip(data as unknown[])]
          : slot === 10
            ? [slot, (data as unknown[][]).map(strip)]
            : [slot, data],
      ),
      entity,
    ],
  ]);
}
