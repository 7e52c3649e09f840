import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { corpusPath } from '../../../../test/support/corpus/unpack-corpus.ts';
import { bitsOfDouble } from '../../../base/floating-bits.ts';
import type { ScalarValue } from '../../values/property-value.ts';
import { findSystem, PointCurves } from './point-curves.ts';
import { placeOnCurve } from './point-key.ts';
import { curveValueOf } from './space-filling-curve.ts';

/**
 * Points in indexes of 3.4.9 and 3.5.34, one per line: SRID, bits of the coordinates, curve value, and the value of 3.5.34 if it differs.
 * Random points, special fractions of the extent, points outside it, and points as close to cell edges as possible.
 */
const lines = gunzipSync(readFileSync(corpusPath('trees/curves.txt.gz')))
  .toString()
  .trim()
  .split('\n');

/** Here 3.5.34 is as inexact as 3.4.9; how far from zero that reaches is unknown. */
function isJustBelowZero(bits: bigint): boolean {
  return bits > 0x8000_0000_0000_0000n && bits < 0x8001_0000_0000_0000n;
}

interface Vector {
  crs: number;
  point: number[];
  value: string;
  /** The value of 3.5.34, where it differs. */
  valueOf3534?: string;
}

const { vectors } = JSON.parse(readFileSync(corpusPath('curve/hilbert.json'), 'utf8')) as { vectors: Vector[] };

function pointOf(srid: number, coordinates: number[]) {
  const bits = coordinates.map(bitsOfDouble);
  return { type: 'point', srid, coordinates: bits } satisfies ScalarValue;
}

describe('space filling curves', () => {
  it('space filling curves have no value where 3.5.34 rounds better than a product or a quotient', () => {
    const curves = new PointCurves();
    for (const { crs, point, value, valueOf3534 } of vectors) {
      const expected = valueOf3534 === undefined ? BigInt(value) : undefined;
      expect(placeOnCurve(pointOf(crs, point), curves), String(point)).toBe(expected);
    }
    expect(vectors.filter(({ valueOf3534 }) => valueOf3534 !== undefined).length).toBeGreaterThan(40);
    // The server itself did not find this point where we put it.
    expect(placeOnCurve(pointOf(4326, [1.25e-86, -5.18e-18]), curves)).toBeUndefined();
  });

  it('space filling curves have the values of the servers, or none where they disagree', () => {
    const curves = new PointCurves();
    const systems = new Set<number>();
    for (const line of lines) {
      const [srid, ...rest] = line.split(' ');
      const { dimensions } = findSystem(Number(srid))!;
      const coordinates = rest.slice(0, dimensions).map((bits) => BigInt(`0x${bits}`));
      const point = { type: 'point', srid: Number(srid), coordinates } satisfies ScalarValue;
      const [value, other] = rest.slice(dimensions);
      const isUnsure = other !== undefined || coordinates.some(isJustBelowZero);
      expect(placeOnCurve(point, curves), line).toBe(isUnsure ? undefined : BigInt(value!));
      systems.add(point.srid);
    }
    expect([...systems].sort()).toEqual([4326, 4979, 7203, 9157]);
    expect(lines.length).toBeGreaterThan(1000);
  });

  it.each([2, 3])('space filling curves of %i dimensions visit every cell once', (dimensions) => {
    const side = 8;
    const settings = { maxLevels: 3, axes: Array.from({ length: dimensions }, () => ({ min: 0, max: side })) };
    const cells: number[][] = [];
    for (let n = 0; n < side ** dimensions; n++) {
      const cell = settings.axes.map((_, axis) => Math.floor(n / side ** axis) % side);
      cells[Number(curveValueOf(settings, cell))] = cell;
    }
    expect(cells).toHaveLength(side ** dimensions);
    expect(cells.filter(Boolean)).toHaveLength(side ** dimensions);
    // The servers' three-dimensional curve is not a true Hilbert curve: it jumps.
    if (dimensions === 3) return;
    for (let i = 1; i < cells.length; i++) {
      const steps = cells[i]!.map((coordinate, axis) => Math.abs(coordinate - cells[i - 1]![axis]!));
      expect(steps.reduce((sum, step) => sum + step, 0)).toBe(1);
    }
  });

  it('space filling curves refuse settings that no server writes', () => {
    expect(() => curveValueOf({ maxLevels: 30, axes: [{ min: 0, max: 1 }] }, [0])).toThrow('unknown curve');
    expect(() =>
      curveValueOf(
        {
          maxLevels: 99,
          axes: [
            { min: 0, max: 1 },
            { min: 0, max: 1 },
          ],
        },
        [0, 0],
      ),
    ).toThrow('unknown curve');
  });
});
