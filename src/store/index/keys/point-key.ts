import { ByteWriter } from '../../../base/byte-writer.ts';
import { doubleOfBits } from '../../../base/floating-bits.ts';
import { compareI64 } from '../../tree/page/byte-order.ts';
import type { TreeLayout } from '../../tree/page/layout.ts';
import type { PropertyValue, ScalarValue } from '../../values/property-value.ts';
import type { PointCurves } from './point-curves.ts';
import { curveValueOf } from './space-filling-curve.ts';

/**
 * Points of one coordinate reference system (spec trees-and-indexes 12, layout UPI): only the position on the space filling curve is
 * stored.
 *
 * | offset | type | field                       |
 * |--------|------|-----------------------------|
 * | 0      | i64  | space filling curve value   |
 * | 8      | i64  | entity id                   |
 */
export const pointLayout: TreeLayout = {
  name: 'UPI',
  number: 0,
  majorVersion: 0,
  minorVersion: 1,
  keys: 'fixed',
  keyBytes: 16,
  valueBytes: 0,
  compare(a, aStart, _aLength, b, bStart) {
    const curve = compareI64(a, aStart, b, bStart);
    return curve !== 0 ? curve : compareI64(a, aStart + 8, b, bStart + 8);
  },
};

type PointValue = Extract<ScalarValue, { type: 'point' }>;

/** Position of a point on the curve of its coordinate reference system; undefined if that system is unknown. */
export function placeOnCurve({ srid, coordinates }: PointValue, curves: PointCurves): bigint | undefined {
  const settings = curves.settingsOf(srid);
  if (settings === undefined || settings.axes.length !== coordinates.length) return undefined;
  return curveValueOf(settings, coordinates.map(doubleOfBits));
}

/** Key of a point. It cannot be decoded: it does not contain the coordinates. */
export function encodePointKey(
  entityId: number,
  values: readonly PropertyValue[],
  curves?: PointCurves,
): Uint8Array | undefined {
  const value = values[0]!;
  if (values.length !== 1 || value.type !== 'point' || curves === undefined) return undefined;
  const place = placeOnCurve(value, curves);
  return place === undefined ? undefined : new ByteWriter(16).bigI64(place).i64(entityId).view();
}
