import { compareBytes, compareI64 } from '../../tree/page/byte-order.ts';
import {
  CRS_BYTES,
  crsCode,
  crsDimensions,
  crsTable,
  familyOf,
  isArraySlot,
  readCrs,
  type SlotFamily,
  slotRank,
  TEXT_LENGTH_MASK,
} from './generic-slot.ts';
import { compareNumbers, numberBytes } from './number-order.ts';
import { TEMPORAL_TYPES, type TemporalType, temporalBytes, temporalOrder } from './temporal-fields.ts';

/**
 * Order of `native-btree-1.0` keys (spec trees-and-indexes 12.1): slot by slot, then by entity. A separator may be cut off anywhere in its
 * last value; the shorter side sorts first. The two sides advance independently, because equal numbers may have different sizes. The state
 * is at module level: a comparison never yields, and the hot path must not allocate.
 */
const ENTITY_BYTES = 8;

let a: Uint8Array = new Uint8Array(0);
let aAt = 0;
let aEnd = 0;
let b: Uint8Array = a;
let bAt = 0;
let bEnd = 0;

const temporal = Object.fromEntries(
  TEMPORAL_TYPES.map((type) => [type, { bytes: temporalBytes(type), compare: temporalOrder(type) }]),
) as Record<TemporalType, { bytes: number; compare: ReturnType<typeof temporalOrder> }>;

export function compareGenericKeys(
  aKey: Uint8Array,
  aStart: number,
  aLength: number,
  bKey: Uint8Array,
  bStart: number,
  bLength: number,
): number {
  a = aKey;
  aAt = aStart + ENTITY_BYTES;
  aEnd = aStart + aLength;
  b = bKey;
  bAt = bStart + ENTITY_BYTES;
  bEnd = bStart + bLength;
  while (aAt < aEnd && bAt < bEnd) {
    const order = compareSlots();
    if (order !== 0) return order;
  }
  const rest = compareEnds();
  return rest !== 0 ? rest : compareI64(aKey, aStart, bKey, bStart);
}

/** Orders two sides of which at least one has ended (or is damaged): the ended one comes first. */
function compareEnds(): number {
  return Number(aAt < aEnd) - Number(bAt < bEnd);
}

/** True if both sides have `count` more bytes. Otherwise moves the short side to its end. */
function bothHave(aCount: number, bCount = aCount): boolean {
  const aHas = aAt + aCount <= aEnd;
  const bHas = bAt + bCount <= bEnd;
  if (!aHas) aAt = aEnd;
  if (!bHas) bAt = bEnd;
  return aHas && bHas;
}

function compareSlots(): number {
  const aType = a[aAt++]!;
  const bType = b[bAt++]!;
  if (aType !== bType) return slotRank(aType) - slotRank(bType);
  const family = familyOf(aType)!;
  return isArraySlot(aType) ? compareArrays(family) : compareScalars(family);
}

function compareScalars(family: SlotFamily): number {
  if (family === 'number') {
    if (!bothHave(1)) return compareEnds();
    return compareNumberValues(a[aAt++]!, b[bAt++]!);
  }
  if (family === 'point') {
    const order = compareCrs();
    return order !== 0 ? order : comparePoints();
  }
  return compareElements(family, 0, 0);
}

function compareArrays(family: SlotFamily): number {
  let aNumberType = 0;
  let bNumberType = 0;
  if (family === 'number') {
    if (!bothHave(1)) return compareEnds();
    aNumberType = a[aAt++]!;
    bNumberType = b[bAt++]!;
  } else if (family === 'point') {
    const order = compareCrs();
    if (order !== 0) return order;
  }
  if (!bothHave(2)) return compareEnds();
  const mask = family === 'text' ? TEXT_LENGTH_MASK : 0xffff;
  const aCount = ((a[aAt]! << 8) | a[aAt + 1]!) & mask;
  const bCount = ((b[bAt]! << 8) | b[bAt + 1]!) & mask;
  aAt += 2;
  bAt += 2;
  for (let i = Math.min(aCount, bCount); i > 0; i--) {
    if (aAt >= aEnd || bAt >= bEnd) return compareEnds();
    const order = compareElements(family, aNumberType, bNumberType);
    if (order !== 0) return order;
  }
  return aCount - bCount;
}

function compareElements(family: SlotFamily, aNumberType: number, bNumberType: number): number {
  switch (family) {
    case 'number':
      return compareNumberValues(aNumberType, bNumberType);
    case 'text':
      return compareTexts();
    case 'boolean':
      if (!bothHave(1)) return compareEnds();
      return a[aAt++]! - b[bAt++]!;
    case 'point':
      return comparePoints();
    default: {
      const { bytes, compare } = temporal[family];
      if (!bothHave(bytes)) return compareEnds();
      const order = compare(a, aAt, b, bAt);
      aAt += bytes;
      bAt += bytes;
      return order;
    }
  }
}

function compareNumberValues(aType: number, bType: number): number {
  const aBytes = numberBytes(aType);
  const bBytes = numberBytes(bType);
  if (!bothHave(aBytes, bBytes)) return compareEnds();
  const order = compareNumbers(aType, a, aAt, bType, b, bAt);
  aAt += aBytes;
  bAt += bBytes;
  return order;
}

function compareTexts(): number {
  if (!bothHave(2)) return compareEnds();
  const aLength = Math.min(((a[aAt]! << 8) | a[aAt + 1]!) & TEXT_LENGTH_MASK, aEnd - aAt - 2);
  const bLength = Math.min(((b[bAt]! << 8) | b[bAt + 1]!) & TEXT_LENGTH_MASK, bEnd - bAt - 2);
  const order = compareBytes(a, aAt + 2, aLength, b, bAt + 2, bLength);
  aAt += 2 + aLength;
  bAt += 2 + bLength;
  return order;
}

let aDimensions = 0;
let bDimensions = 0;

function compareCrs(): number {
  if (!bothHave(CRS_BYTES)) return compareEnds();
  const aCrs = readCrs(a, aAt);
  const bCrs = readCrs(b, bAt);
  aAt += CRS_BYTES;
  bAt += CRS_BYTES;
  aDimensions = crsDimensions(aCrs);
  bDimensions = crsDimensions(bCrs);
  const table = crsTable(aCrs) - crsTable(bCrs);
  return table !== 0 ? table : crsCode(aCrs) - crsCode(bCrs);
}

function comparePoints(): number {
  if (!bothHave(8 + 8 * aDimensions, 8 + 8 * bDimensions)) return compareEnds();
  let order = compareI64(a, aAt, b, bAt);
  for (let i = 1; order === 0 && i <= Math.min(aDimensions, bDimensions); i++) {
    order = compareI64(a, aAt + 8 * i, b, bAt + 8 * i);
  }
  aAt += 8 + 8 * aDimensions;
  bAt += 8 + 8 * bDimensions;
  return order;
}
