import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { decompressLz4 } from './lz4-block.ts';
import { decompressSnappy } from './snappy-block.ts';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** A block as a list of its elements. */
type Element = { literal: Buffer } | { distance: number; length: number };

function grow(elements: Element[]): { elements: Element[]; data: Buffer } {
  const data: number[] = [];
  const valid: Element[] = [];
  for (const element of elements) {
    if ('literal' in element) data.push(...element.literal);
    else if (element.distance > data.length) continue;
    else for (let i = 0; i < element.length; i++) data.push(data.at(-element.distance)!);
    valid.push(element);
  }
  return { elements: valid, data: Buffer.from(data) };
}

const literal = fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => ({ literal: Buffer.from(bytes) }));
const copy = fc.record({ distance: fc.integer({ min: 1, max: 900 }), length: fc.integer({ min: 4, max: 64 }) });
const blocks = fc.array(fc.oneof(literal, copy), { maxLength: 12 }).map(grow);

describe('compressed blocks', () => {
  it('Snappy blocks are decompressed, with all kinds of elements', () => {
    fc.assert(
      fc.property(blocks, fc.infiniteStream(fc.nat(2)), ({ elements, data }, choices) => {
        const parts: Buffer[] = [
          data.length > 127 ? Buffer.from([(data.length & 127) | 128, data.length >> 7]) : Buffer.from([data.length]),
        ];
        for (const element of elements) parts.push(snappyElement(element, choices.next().value!));
        expect(decompressSnappy(Buffer.concat(parts), 65_536).equals(data)).toBe(true);
      }),
      { numRuns: campaign.rounds(500) },
    );
  });

  it('LZ4 blocks are decompressed, with lengths of any size', () => {
    fc.assert(
      fc.property(blocks, ({ elements, data }) => {
        const bytes = Buffer.concat(lz4Sequences(elements));
        expect(decompressLz4(bytes, data.length).equals(data)).toBe(true);
      }),
      { numRuns: campaign.rounds(500) },
    );
  });

  it('damaged blocks are refused', () => {
    const broken = (act: () => Buffer) => expect(act).toThrow(GraphkeepError);
    broken(() => decompressSnappy(hex('ffffffffff'), 10));
    broken(() => decompressSnappy(hex('0b 00 61'), 10));
    broken(() => decompressSnappy(hex('02 00 61'), 10));
    broken(() => decompressSnappy(hex('01 04 6161'), 10));
    broken(() => decompressSnappy(hex('04 01 01'), 10));
    broken(() => decompressSnappy(hex('05 00 61 01 00'), 10));
    broken(() => decompressSnappy(hex('05 00 61 01'), 10));
    broken(() => decompressSnappy(hex('05 fc ffffffff 61'), 10));
    broken(() => decompressLz4(hex('20 61'), 2));
    broken(() => decompressLz4(hex('10 61 0200'), 5));
    broken(() => decompressLz4(hex('10 61 0000'), 5));
    broken(() => decompressLz4(hex('10 61'), 2));
    broken(() => decompressLz4(hex('20 6161'), 1));
    broken(() => decompressLz4(hex('f0 ffff'), 1));
    expect(decompressSnappy(hex('05 00 61 01 01'), 10).toString()).toBe('aaaaa');
    expect(decompressLz4(hex('10 61 0100 00'), 5).toString()).toBe('aaaaa');
  });
});

function snappyElement(element: Element, choice: number): Buffer {
  if ('literal' in element) {
    const size = element.literal.length - 1;
    if (size < 60 && choice > 0) return Buffer.concat([Buffer.from([size << 2]), element.literal]);
    const bytes = Math.max(choice + 1, size > 255 ? 2 : 1);
    const length = Buffer.alloc(bytes);
    length.writeUIntLE(size, 0, bytes);
    return Buffer.concat([Buffer.from([(59 + bytes) << 2]), length, element.literal]);
  }
  const { distance, length } = element;
  if (choice === 0 && length <= 11)
    return Buffer.from([1 | ((length - 4) << 2) | ((distance >> 8) << 5), distance & 255]);
  if (choice === 1) return Buffer.from([2 | ((length - 1) << 2), distance & 255, distance >> 8]);
  return Buffer.from([3 | ((length - 1) << 2), distance & 255, distance >> 8, 0, 0]);
}

function lz4Sequences(elements: Element[]): Buffer[] {
  const sequences: Buffer[] = [];
  let literals: Buffer[] = [];
  const end = (distance?: number, length = 4) => {
    const text = Buffer.concat(literals);
    literals = [];
    const token = (Math.min(15, text.length) << 4) | Math.min(15, length - 4);
    const more = distance === undefined ? [] : [distance & 255, distance >> 8, ...lz4Length(length - 4)];
    sequences.push(Buffer.from([token, ...lz4Length(text.length)]), text, Buffer.from(more));
  };
  for (const element of elements) {
    if ('literal' in element) literals.push(element.literal);
    else end(element.distance, element.length);
  }
  // The last sequence has literals only, or nothing at all.
  end();
  return sequences;
}

function lz4Length(value: number): number[] {
  if (value < 15) return [];
  const bytes: number[] = [];
  let left = value - 15;
  for (; left >= 255; left -= 255) bytes.push(255);
  return [...bytes, left];
}
