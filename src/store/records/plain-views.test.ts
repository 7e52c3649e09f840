import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { STANDARD_FORMAT, storeFormats } from '../files/store-format.ts';
import { BLOCK_BYTES } from './property-block-layout.ts';
import { NULL_REFERENCE, type RecordCodec } from './record-codec.ts';

/** Checks that views read what codecs decode, for random bytes and for records whose references are near their limits. */

const BEFORE = 5;
const RUNS = { numRuns: campaign.rounds(3000) };
const views = STANDARD_FORMAT.plainViews!;
const { node, relationship, property } = STANDARD_FORMAT;
const DYNAMIC_BYTES = 24;
const dynamic = STANDARD_FORMAT.dynamic(DYNAMIC_BYTES);

const edges = [NULL_REFERENCE, 0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32, 2 ** 33 + 5, 2 ** 35 - 1];
const reference = fc.oneof(fc.constantFrom(...edges), fc.nat(), fc.integer({ min: 2 ** 32, max: 2 ** 35 - 1 }));
const id = fc.oneof(fc.constantFrom(...edges.slice(1)), fc.nat());

/** Record bytes at offset {@link BEFORE} of a buffer: arbitrary bytes, or a record with these fields. */
function bytesOf<R>(codec: RecordCodec<R>, fields: { [F in keyof R]?: fc.Arbitrary<R[F]> }): fc.Arbitrary<Uint8Array> {
  const whole = { minLength: BEFORE + codec.size, maxLength: BEFORE + codec.size };
  const encoded = fc
    .tuple(fc.uint8Array(whole), fc.record(fields as Record<string, fc.Arbitrary<unknown>>))
    .map(([buffer, values]) => {
      codec.encode({ ...codec.create(), ...values }, buffer, BEFORE);
      return buffer;
    });
  return fc.oneof(fc.uint8Array(whole), encoded);
}

function decode<R>(codec: RecordCodec<R>, bytes: Uint8Array): R {
  return codec.decode(codec.create(), 7, bytes, BEFORE);
}

const relationshipBytes = bytesOf(relationship, {
  inUse: fc.boolean(),
  type: fc.nat(0xffff),
  start: id,
  end: id,
  startPrev: reference,
  startNext: reference,
  endPrev: reference,
  endNext: reference,
  nextProp: reference,
  firstInStart: fc.boolean(),
  firstInEnd: fc.boolean(),
});

describe('views of standard records', () => {
  it('views of standard records belong to the standard formats only', () => {
    for (const format of storeFormats) expect(format.plainViews !== undefined).toBe(format.family === 'standard');
  });

  it('views of standard records read nodes', () => {
    const bytes = bytesOf(node, { inUse: fc.boolean(), nextRel: reference, nextProp: reference, dense: fc.boolean() });
    let used = 0;
    fc.assert(
      fc.property(bytes, (buffer) => {
        const record = decode(node, buffer);
        expect(views.owners.node.isInUse(buffer, BEFORE)).toBe(record.inUse);
        if (!record.inUse) return;
        used++;
        expect(views.owners.node.nextProp(buffer, BEFORE)).toBe(record.nextProp);
      }),
      RUNS,
    );
    expect(used).toBeGreaterThan(RUNS.numRuns / 4);
  });

  it('views of standard records read relationships', () => {
    const view = views.relationship;
    let used = 0;
    fc.assert(
      fc.property(relationshipBytes, (buffer) => {
        const { inUse, type, start, end, nextProp } = decode(relationship, buffer);
        expect(view.isInUse(buffer, BEFORE)).toBe(inUse);
        expect(views.owners.relationship.isInUse(buffer, BEFORE)).toBe(inUse);
        if (!inUse) return;
        used++;
        const at = [buffer, BEFORE] as const;
        const read = [view.type(...at), view.start(...at), view.end(...at), views.owners.relationship.nextProp(...at)];
        expect(read).toEqual([type, start, end, nextProp]);
      }),
      RUNS,
    );
    expect(used).toBeGreaterThan(RUNS.numRuns / 4);
  });

  it('views of standard records read all chain fields of small relationships, and refuse others', () => {
    const small = views.relationship.createSmall();
    const fitting = bytesOf(relationship, {
      inUse: fc.constant(true),
      type: fc.nat(0xffff),
      start: fc.nat(),
      end: fc.nat(),
      startPrev: fc.integer({ min: -1 }),
      startNext: fc.integer({ min: -1 }),
      endPrev: fc.integer({ min: -1 }),
      endNext: fc.integer({ min: -1 }),
      firstInStart: fc.boolean(),
      firstInEnd: fc.boolean(),
    });
    let fit = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.oneof(relationshipBytes, fitting), (buffer) => {
        const record = decode(relationship, buffer);
        const { start, end, startPrev, startNext, endPrev, endNext } = record;
        const isSmall = Math.max(start, end, startPrev, startNext, endPrev, endNext) < 2 ** 31;
        expect(small.read(buffer, BEFORE)).toBe(record.inUse && isSmall);
        if (!record.inUse || !isSmall) {
          refused++;
          return;
        }
        fit++;
        expect(record).toMatchObject({ ...small });
      }),
      RUNS,
    );
    expect(fit).toBeGreaterThan(RUNS.numRuns / 5);
    expect(refused).toBeGreaterThan(RUNS.numRuns / 5);
  });

  it('views of standard records read property records', () => {
    const view = views.property;
    const neighbour = fc.oneof(fc.constant(NULL_REFERENCE), reference);
    const bytes = bytesOf(property, {
      inUse: fc.boolean(),
      prev: neighbour,
      next: neighbour,
      blockCount: fc.integer({ min: 1, max: 4 }),
      blocks: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    });
    let used = 0;
    fc.assert(
      fc.property(bytes, (buffer) => {
        const record = decode(property, buffer);
        if (!record.inUse) return;
        expect(view.next(buffer, BEFORE)).toBe(record.next);
        used++;
        const blocks = BEFORE + view.blocksOffset;
        const bytes = record.blockCount * BLOCK_BYTES;
        expect([...buffer.subarray(blocks, blocks + bytes)]).toEqual([...record.blocks.subarray(0, bytes)]);
      }),
      RUNS,
    );
    expect(used).toBeGreaterThan(RUNS.numRuns / 4);
  });

  it('views of standard records read dynamic records', () => {
    const view = views.dynamic;
    const bytes = bytesOf(dynamic, {
      inUse: fc.boolean(),
      first: fc.boolean(),
      next: reference,
      data: fc.uint8Array({ maxLength: DYNAMIC_BYTES - STANDARD_FORMAT.dynamicHeaderBytes }),
    });
    let used = 0;
    fc.assert(
      fc.property(bytes, (buffer) => {
        const isTooLong = view.length(buffer, BEFORE) > DYNAMIC_BYTES - STANDARD_FORMAT.dynamicHeaderBytes;
        if (view.isInUse(buffer, BEFORE) && isTooLong) {
          expect(() => decode(dynamic, buffer)).toThrow(/claims more/);
          return;
        }
        const { inUse, first, next, data } = decode(dynamic, buffer);
        expect(view.isInUse(buffer, BEFORE)).toBe(inUse);
        if (!inUse) return;
        used++;
        expect([view.isFirst(buffer, BEFORE), view.next(buffer, BEFORE), view.length(buffer, BEFORE)]).toEqual([
          first,
          next,
          data.length,
        ]);
      }),
      RUNS,
    );
    expect(used).toBeGreaterThan(RUNS.numRuns / 10);
  });
});
