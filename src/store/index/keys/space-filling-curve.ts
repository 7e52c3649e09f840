import { GraphkeepError } from '../../../base/errors.ts';
import { bitsOfDouble } from '../../../base/floating-bits.ts';

/** How points of one coordinate reference system map to a space filling curve; stored in the index header. */
export interface CurveSettings {
  /** Halvings of each axis: the curve value has `maxLevels * dimensions` bits. */
  maxLevels: number;
  /** Extent of each axis; points outside are clamped to it. */
  axes: { min: number; max: number }[];
}

/**
 * A Hilbert curve as a state machine. In each state, the quadrant or octant (one bit per axis: upper half or not, first axis highest)
 * determines the next digit of the value and the state of the next level. Derived from the curve values of 25,000 points in indexes of
 * 3.4.9 and 3.5.34, which agree; state 0 is the whole space.
 */
interface CurveMachine {
  digits: readonly (readonly number[])[];
  next: readonly (readonly number[])[];
}

/** Cell numbers must fit into 32 bits. */
const MOST_LEVELS = 31;

const PLANE: CurveMachine = {
  digits: [
    [0, 1, 3, 2],
    [0, 3, 1, 2],
    [2, 1, 3, 0],
    [2, 3, 1, 0],
  ],
  next: [
    [1, 0, 2, 0],
    [0, 3, 1, 1],
    [2, 2, 0, 3],
    [3, 1, 3, 2],
  ],
};

const SPACE: CurveMachine = {
  digits: [
    [0, 3, 1, 2, 7, 4, 6, 5],
    [0, 1, 7, 6, 3, 2, 4, 5],
    [2, 1, 3, 0, 5, 6, 4, 7],
    [0, 7, 3, 4, 1, 6, 2, 5],
    [4, 5, 3, 2, 7, 6, 0, 1],
    [6, 1, 5, 2, 7, 0, 4, 3],
    [2, 5, 1, 6, 3, 4, 0, 7],
    [4, 7, 5, 6, 3, 0, 2, 1],
    [6, 7, 1, 0, 5, 4, 2, 3],
    [2, 3, 5, 4, 1, 0, 6, 7],
    [4, 3, 7, 0, 5, 2, 6, 1],
    [6, 5, 7, 4, 1, 2, 0, 3],
  ],
  next: [
    [1, 2, 3, 3, 4, 2, 5, 5],
    [3, 0, 6, 7, 8, 0, 8, 7],
    [6, 6, 0, 9, 10, 10, 0, 8],
    [0, 11, 10, 10, 1, 9, 1, 9],
    [9, 0, 9, 7, 5, 0, 10, 7],
    [4, 8, 4, 8, 0, 11, 6, 6],
    [9, 1, 9, 1, 5, 5, 2, 7],
    [11, 1, 6, 6, 11, 4, 10, 10],
    [2, 10, 11, 5, 2, 1, 11, 1],
    [2, 4, 11, 4, 2, 6, 11, 3],
    [3, 3, 2, 7, 8, 4, 8, 4],
    [3, 3, 9, 7, 5, 5, 8, 7],
  ],
};

/**
 * Position on the curve of the cell that holds the point. Undefined for the few points so close to a cell edge that releases disagree:
 * 3.4.9 rounds, 3.5.34 is exact (except within 1e-15 of a cell), and the files do not say which one wrote the index.
 */
export function curveValueOf(settings: CurveSettings, coordinates: readonly number[]): bigint | undefined {
  const { maxLevels, axes } = settings;
  const machine = axes.length === 2 ? PLANE : axes.length === 3 ? SPACE : undefined;
  if (machine === undefined || coordinates.length !== axes.length || maxLevels < 1 || maxLevels > MOST_LEVELS) {
    throw new GraphkeepError('store.format', 'points of an index are on an unknown curve', {
      observed: `${coordinates.length} coordinates, ${axes.length} axes, ${maxLevels} levels`,
    });
  }
  const cells: number[] = [];
  for (let i = 0; i < axes.length; i++) {
    const cell = cellOf(coordinates[i]!, axes[i]!, maxLevels);
    if (cell === undefined) return undefined;
    cells.push(cell);
  }
  let value = 0n;
  let state = 0;
  for (let bit = maxLevels - 1; bit >= 0; bit--) {
    let part = 0;
    for (const cell of cells) part = (part << 1) | ((cell >>> bit) & 1);
    value = (value << BigInt(axes.length)) | BigInt(machine.digits[state]![part]!);
    state = machine.next[state]![part]!;
  }
  return value;
}

/** More than rounding can move a point, in cells. */
const UNSURE = 2 ** -16;

/** The cell that holds the coordinate; undefined if 3.4.9, which multiplies and rounds, would choose another. */
function cellOf(coordinate: number, { min, max }: { min: number; max: number }, levels: number): number | undefined {
  const cells = 2 ** levels;
  const place = (coordinate - min) * (cells / (max - min));
  if (Number.isNaN(place)) return undefined;
  const cell = Math.floor(place);
  const border = Math.round(place);
  if (border > 0 && border < cells && Math.abs(place - border) < UNSURE) {
    const isBehind = (exact(coordinate) - exact(min)) * BigInt(cells) >= BigInt(border) * (exact(max) - exact(min));
    if (isBehind !== cell >= border) return undefined;
  }
  return Math.min(cells - 1, Math.max(0, cell));
}

/** A finite number in units of the smallest one. */
function exact(value: number): bigint {
  const bits = bitsOfDouble(Math.abs(value));
  const exponent = bits >> 52n;
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const size = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return value < 0 ? -size : size;
}
