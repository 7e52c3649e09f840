import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { corpusPath } from '../../../../test/support/unpack-corpus.ts';
import type { ScalarValue } from '../../property-value.ts';
import { findSystem, PointCurves } from './point-curves.ts';
import { placeOnCurve } from './point-key.ts';
import { curveValueOf } from './space-filling-curve.ts';

/**
 * Points in indexes of 3.4.9 and 3.5.34, a line each: SRID, bits of the coordinates, curve value, and that of 3.5.34 if it differs. Random ones, special
 * fractions of the extent, outside of it, and as near to edges of cells as can be.
 */
const lines = gunzipSync(readFileSync(corpusPath('trees/curves.txt.gz')))
  .toString()
  .trim()
  .split('\n');

describe('space filling curves', () => {
  it('have the values of the servers, or none where they disagree', () => {
    const curves = new PointCurves();
    const systems = new Set<number>();
    for (const line of lines) {
      const [srid, ...rest] = line.split(' ');
      const { dimensions } = findSystem(Number(srid))!;
      const coordinates = rest.slice(0, dimensions).map((bits) => BigInt(`0x${bits}`));
      const point = { type: 'point', srid: Number(srid), coordinates } satisfies ScalarValue;
      const [value, other] = rest.slice(dimensions);
      expect(placeOnCurve(point, curves), line).toBe(other === undefined ? BigInt(value!) : undefined);
      systems.add(point.srid);
    }
    expect([...systems].sort()).toEqual([4326, 4979, 7203, 9157]);
    expect(lines.length).toBeGreaterThan(1000);
  });

  it.each([2, 3])('of %i dimensions visit every cell once', (dimensions) => {
    const side = 8;
    const settings = { maxLevels: 3, axes: Array.from({ length: dimensions }, () => ({ min: 0, max: side })) };
    const cells: number[][] = [];
    for (let n = 0; n < side ** dimensions; n++) {
      const cell = settings.axes.map((_, axis) => Math.floor(n / side ** axis) % side);
      cells[Number(curveValueOf(settings, cell))] = cell;
    }
    expect(cells).toHaveLength(side ** dimensions);
    expect(cells.filter(Boolean)).toHaveLength(side ** dimensions);
    // That of the servers in space is no true Hilbert curve: it jumps.
    if (dimensions === 3) return;
    for (let i = 1; i < cells.length; i++) {
      const steps = cells[i]!.map((coordinate, axis) => Math.abs(coordinate - cells[i - 1]![axis]!));
      expect(steps.reduce((sum, step) => sum + step, 0)).toBe(1);
    }
  });

  it('refuse settings that no server writes', () => {
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
