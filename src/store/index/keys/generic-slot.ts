import type { ScalarType } from '../../values/property-value.ts';
import { NUMBER_TYPES } from './number-order.ts';

/** Families of values that share a slot type in `native-btree-1.0` keys (spec trees-and-indexes 12.1). */
export type SlotFamily =
  | 'point'
  | 'datetime'
  | 'localdatetime'
  | 'date'
  | 'time'
  | 'localtime'
  | 'duration'
  | 'text'
  | 'boolean'
  | 'number';

/** Slot types 0 to 9 are scalars in this order, 10 to 19 arrays of them. */
const FAMILIES: readonly SlotFamily[] = [
  'point',
  'datetime',
  'localdatetime',
  'date',
  'time',
  'localtime',
  'duration',
  'text',
  'boolean',
  'number',
];
const ARRAY_OFFSET = FAMILIES.length;

export function slotTypeOf(family: SlotFamily, array: boolean): number {
  return FAMILIES.indexOf(family) + (array ? ARRAY_OFFSET : 0);
}

/** Family of a slot type; undefined for an unknown type. */
export function familyOf(slotType: number): SlotFamily | undefined {
  return FAMILIES[slotType % ARRAY_OFFSET];
}

export function isKnownSlotType(slotType: number): boolean {
  return slotType < 2 * ARRAY_OFFSET;
}

export function isArraySlot(slotType: number): boolean {
  return slotType >= ARRAY_OFFSET;
}

/** Rank of a slot type in the order of all values: arrays first, each group by number. */
export function slotRank(slotType: number): number {
  return isArraySlot(slotType) ? slotType - ARRAY_OFFSET : slotType + ARRAY_OFFSET;
}

export function familyOfScalar(type: ScalarType): SlotFamily {
  if ((NUMBER_TYPES as readonly string[]).includes(type)) return 'number';
  if (type === 'string' || type === 'char') return 'text';
  return type as SlotFamily;
}

/** Flag in the length of a text that was a single character. */
export const CHAR_FLAG = 0x8000;
export const TEXT_LENGTH_MASK = 0x7fff;

/** Size of the coordinate reference system before points: 24 bits `table << 22 | dimensions << 18 | code`, low 16 bits first. */
export const CRS_BYTES = 3;

export function readCrs(bytes: Uint8Array, at: number): number {
  return (bytes[at + 2]! << 16) | (bytes[at]! << 8) | bytes[at + 1]!;
}

export function crsTable(crs: number): number {
  return crs >>> 22;
}

export function crsDimensions(crs: number): number {
  return (crs >>> 18) & 0xf;
}

export function crsCode(crs: number): number {
  return crs & 0x3_ffff;
}

export function packCrs(table: number, dimensions: number, code: number): number {
  return (table << 22) | (dimensions << 18) | code;
}
