import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { corpusPath } from '../../../test/support/corpus/unpack-corpus.ts';
import { formatByName, type StoreFormat, storeFormats } from '../files/store-format.ts';
import type { RecordCodec, SecondUnits } from './record-codec.ts';

/** Single records written by the genuine servers, see test/corpus/stores/README.md. */
interface Vector {
  format: string;
  kind: 'node' | 'relationship' | 'group' | 'property' | 'dynamic';
  recordSize: number;
  id: string;
  primary: string;
  secondaryId?: number;
  secondary?: string;
  [field: string]: unknown;
}

const vectors = JSON.parse(
  gunzipSync(readFileSync(corpusPath('stores/record-vectors.json.gz'))).toString(),
) as Vector[];

// biome-ignore lint/suspicious/noExplicitAny: the test walks over all record kinds
type AnyCodec = RecordCodec<any>;

const codecs: Record<Vector['kind'], (format: StoreFormat, size: number) => AnyCodec> = {
  node: (format) => format.node,
  relationship: (format) => format.relationship,
  group: (format) => format.relationshipGroup,
  property: (format) => format.property,
  dynamic: (format, size) => format.dynamic(size),
};

/** Vector field -> record field. */
const fields: Record<Vector['kind'], Record<string, string>> = {
  node: { rel: 'nextRel', prop: 'nextProp', labels: 'labelField', dense: 'dense' },
  relationship: {
    start: 'start',
    end: 'end',
    type: 'type',
    sp: 'startPrev',
    sn: 'startNext',
    ep: 'endPrev',
    en: 'endNext',
    prop: 'nextProp',
    fs: 'firstInStart',
    fe: 'firstInEnd',
  },
  group: { type: 'type', next: 'next', out: 'firstOut', inn: 'firstIn', loop: 'firstLoop', owner: 'owner' },
  property: { prev: 'prev', next: 'next' },
  dynamic: { start: 'first', next: 'next' },
};

const MARGIN = 8;

function unitsOf(vector: Vector): SecondUnits {
  return {
    read: (id) =>
      id === vector.secondaryId && vector.secondary !== undefined
        ? { buffer: Buffer.from(vector.secondary, 'hex'), offset: 0 }
        : undefined,
  };
}

function decodeVector(vector: Vector) {
  const codec = codecs[vector.kind](formatByName(vector.format), vector.recordSize);
  const bytes = Buffer.concat([
    Buffer.alloc(MARGIN, 0xaa),
    Buffer.from(vector.primary, 'hex'),
    Buffer.alloc(MARGIN, 0xaa),
  ]);
  return { codec, record: codec.decode(codec.create(), Number(vector.id), bytes, MARGIN, unitsOf(vector)) };
}

describe('records of the genuine formats', () => {
  it('the genuine formats have vectors of every kind', () => {
    expect(vectors).toHaveLength(988);
    expect(new Set(vectors.map((v) => v.kind))).toEqual(new Set(Object.keys(codecs)));
  });

  it.each(storeFormats.map((f) => f.name).filter((name) => vectors.some((v) => v.format === name)))(
    'the codecs decode %s',
    (name) => {
      for (const vector of vectors.filter((v) => v.format === name)) {
        const { codec, record } = decodeVector(vector);
        expect(codec.size).toBe(vector.recordSize);
        expect(record.inUse).toBe(true);
        for (const [from, to] of Object.entries(fields[vector.kind])) {
          expect(Number(record[to]), `${JSON.stringify(vector)} ${to}`).toBe(Number(vector[from]));
        }
        if (vector.kind === 'property') {
          const blocks = Buffer.from(record.blocks).subarray(0, record.blockCount * 8);
          expect(blocks.toString('hex')).toBe((vector.blocks as string[]).join(''));
        }
        if (vector.kind === 'dynamic') expect(Buffer.from(record.data).toString('hex')).toBe(vector.data);
        if (vector.secondary !== undefined) expect(record.secondaryUnit).toBe(vector.secondaryId);
      }
    },
  );

  it.each(storeFormats.map((f) => f.name).filter((name) => vectors.some((v) => v.format === name)))(
    'the codecs encode %s to the same bytes',
    (name) => {
      for (const vector of vectors.filter((v) => v.format === name)) {
        const { codec, record } = decodeVector(vector);
        const out = Buffer.alloc(MARGIN + codec.size + MARGIN);
        const second = codec.encode(record, out, MARGIN);
        expect(out.toString('hex'), JSON.stringify(vector)).toBe(
          '00'.repeat(MARGIN) + vector.primary + '00'.repeat(MARGIN),
        );
        expect(second && Buffer.from(second).toString('hex')).toBe(vector.secondary);
      }
    },
  );

  it('the codecs delete without touching more than the genuine server does', () => {
    for (const vector of vectors) {
      const { codec, record } = decodeVector(vector);
      const out = Buffer.from(vector.primary, 'hex');
      record.inUse = false;
      const second = codec.encode(record, out, 0);
      const expected = Buffer.from(vector.primary, 'hex');
      const standard = vector.format.startsWith('v0');
      if (standard && vector.kind === 'property') expected.fill(0, 9, 17);
      else if (standard && vector.kind === 'dynamic') expected[0] = 0;
      else expected[0]! &= ~1;
      expect(out.toString('hex')).toBe(expected.toString('hex'));
      expect(codec.decode(record, 0, out, 0).inUse).toBe(false);
      expect(second && [...second]).toEqual(vector.secondary === undefined ? undefined : [2]);
    }
  });

  it('the codecs treat a second unit as no record, and refuse a first one without it', () => {
    const vector = vectors.find((v) => v.kind === 'relationship' && v.secondary !== undefined)!;
    const { codec, record } = decodeVector(vector);
    expect(codec.decode(record, 100, Buffer.from(vector.secondary!, 'hex'), 0).inUse).toBe(false);
    expect(() => codec.decode(record, 1, Buffer.from(vector.primary, 'hex'), 0)).toThrow(/second unit/);
  });

  it('the codecs keep the stale bytes after the blocks of a standard property record', () => {
    const { property } = formatByName('v0.A.9');
    const out = Buffer.alloc(41, 0xee);
    const record = property.create();
    record.inUse = true;
    record.blockCount = 1;
    record.blocks[4] = 0x15;
    property.encode(record, out, 0);
    expect(out.subarray(9).toString('hex')).toBe(`0000000015000000${'00'.repeat(8)}${'ee'.repeat(16)}`);
  });

  it('the codecs refuse references that the format has no room for', () => {
    const { node } = formatByName('v0.A.9');
    const record = node.create();
    record.inUse = true;
    for (const reference of [2 ** 35, 0xffff_ffff, -2]) {
      record.nextRel = reference;
      expect(() => node.encode(record, Buffer.alloc(15), 0)).toThrow(/does not fit/);
    }
  });
});

describe('token records', () => {
  it.each(['token', 'propertyKey'] as const)('the token codecs write and read %s', (kind) => {
    const codec = formatByName('v0.A.9')[kind];
    const out = Buffer.alloc(codec.size);
    const record = codec.create();
    record.inUse = true;
    record.nameId = 4242;
    codec.encode(record, out, 0);
    expect(out.toString('hex')).toBe(kind === 'token' ? '0100001092' : '010000000000001092');
    expect(codec.decode(codec.create(), 7, out, 0)).toEqual({ id: 7, inUse: true, propertyCount: 0, nameId: 4242 });
    record.inUse = false;
    codec.encode(record, out, 0);
    expect(out.toString('hex')).toBe(kind === 'token' ? '0000001092' : '000000000000001092');
  });
});
