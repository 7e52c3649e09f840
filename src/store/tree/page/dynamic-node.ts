import { copyInto } from './byte-copy.ts';
import type { NodeFormat } from './node-format.ts';
import { BODY_AT, readKeyCount } from './node-page.ts';
import { POINTER_BYTES } from './pointer.ts';

/**
 * Body with keys of any size (spec trees-and-indexes 5.2).
 *
 * | offset                | type | field                                                                          |
 * |-----------------------|------|--------------------------------------------------------------------------------|
 * | 82                    | u16  | alloc offset: lowest byte used by entries, which grow down from the page end   |
 * | 84                    | u16  | dead bytes: deleted entries not yet compacted                                  |
 * | leaf: 86 + 2*i        | u16  | offset of entry i                                                              |
 * | internal: 86 + 26*i   | GSPP | child i                                                                        |
 * | internal: 110 + 26*i  | u16  | offset of key i                                                                |
 *
 * An entry is a size header and the key. No layout with dynamic keys has values, so an entry that claims one is damaged:
 *
 * ```
 * byte 0: bits 0-4 key size low 5 bits; bit 5 value size present; bit 6 second byte follows; bit 7 dead
 * [byte 1: key size >> 5]      when bit 6, that is for keys longer than 31 bytes
 * ```
 */
const ALLOC_AT = BODY_AT;
const DEAD_AT = BODY_AT + 2;
const OFFSETS_AT = BODY_AT + 4;
const OFFSET_BYTES = 2;
const CHILD_BYTES = POINTER_BYTES + OFFSET_BYTES;
const SHORT_KEY_MAX = 31;
const HAS_VALUE = 0x20;
const HAS_SECOND_BYTE = 0x40;
const DEAD = 0x80;

export class DynamicNodeFormat implements NodeFormat {
  readonly pageBytes: number;
  readonly valueBytes = 0;
  readonly leafRoomBytes: number;
  readonly branchRoomBytes: number;
  readonly maxKeyBytes: number;

  constructor(pageBytes: number) {
    this.pageBytes = pageBytes;
    this.leafRoomBytes = pageBytes - OFFSETS_AT;
    this.branchRoomBytes = pageBytes - OFFSETS_AT - POINTER_BYTES;
    this.maxKeyBytes = Math.floor((pageBytes - OFFSETS_AT) / 2) - 6;
  }

  leafEntryBytes(keyLength: number): number {
    return OFFSET_BYTES + sizeHeaderBytes(keyLength) + keyLength;
  }

  branchEntryBytes(keyLength: number): number {
    return CHILD_BYTES + sizeHeaderBytes(keyLength) + keyLength;
  }

  keyStart(page: Uint8Array, leaf: boolean, index: number): number {
    const entry = readU16(page, offsetAt(leaf, index));
    return (page[entry]! & HAS_SECOND_BYTE) === 0 ? entry + 1 : entry + 2;
  }

  keyLength(page: Uint8Array, leaf: boolean, index: number): number {
    return readKeyLength(page, readU16(page, offsetAt(leaf, index)));
  }

  valueStart(page: Uint8Array, index: number): number {
    return this.keyStart(page, true, index) + this.keyLength(page, true, index);
  }

  childStart(_page: Uint8Array, index: number): number {
    return OFFSETS_AT + index * CHILD_BYTES;
  }

  findProblem(page: Uint8Array, leaf: boolean): string | undefined {
    const count = readKeyCount(page);
    const end = offsetsEnd(leaf, count);
    if (count < 0 || end > this.pageBytes) return `key count ${count} does not fit into the page`;
    for (let i = 0; i < count; i++) {
      const entry = readU16(page, offsetAt(leaf, i));
      if (entry < end || entry + 2 > this.pageBytes) return `key ${i} starts outside the page, at ${entry}`;
      if ((page[entry]! & DEAD) !== 0) return `key ${i} at ${entry} is marked as deleted`;
      if ((page[entry]! & HAS_VALUE) !== 0) return `key ${i} at ${entry} has a value`;
      const length = readKeyLength(page, entry);
      if (length > this.maxKeyBytes || entry + sizeHeaderBytesAt(page, entry) + length > this.pageBytes) {
        return `key ${i} at ${entry} is too long: ${length} bytes`;
      }
    }
    return undefined;
  }

  findSpaceProblem(page: Uint8Array, leaf: boolean): string | undefined {
    const count = readKeyCount(page);
    const alloc = readU16(page, ALLOC_AT);
    const dead = readU16(page, DEAD_AT);
    const end = offsetsEnd(leaf, count);
    if (alloc < end || alloc > this.pageBytes) return `alloc offset ${alloc} is outside ${end}..${this.pageBytes}`;
    let live = 0;
    for (let i = 0; i < count; i++) {
      const entry = readU16(page, offsetAt(leaf, i));
      if (entry < alloc) return `key ${i} at ${entry} is below the alloc offset ${alloc}`;
      live += sizeHeaderBytesAt(page, entry) + readKeyLength(page, entry);
    }
    if (live + dead !== this.pageBytes - alloc) {
      return `${live} live and ${dead} dead bytes are not the ${this.pageBytes - alloc} bytes in use`;
    }
    return undefined;
  }

  initialize(page: Uint8Array): void {
    writeU16(page, ALLOC_AT, this.pageBytes);
    writeU16(page, DEAD_AT, 0);
  }

  appendLeafEntry(page: Uint8Array, count: number, key: Uint8Array, start: number, length: number): void {
    this.appendKey(page, offsetAt(true, count), key, start, length);
  }

  appendBranchKey(page: Uint8Array, count: number, key: Uint8Array, start: number, length: number): void {
    this.appendKey(page, offsetAt(false, count), key, start, length);
  }

  private appendKey(page: Uint8Array, offsetPosition: number, key: Uint8Array, start: number, length: number): void {
    const entry = readU16(page, ALLOC_AT) - sizeHeaderBytes(length) - length;
    if (length > SHORT_KEY_MAX) {
      page[entry] = (length & 0x1f) | HAS_SECOND_BYTE;
      page[entry + 1] = length >>> 5;
    } else {
      page[entry] = length;
    }
    copyInto(key, start, page, entry + sizeHeaderBytes(length), length);
    writeU16(page, offsetPosition, entry);
    writeU16(page, ALLOC_AT, entry);
  }
}

function sizeHeaderBytes(keyLength: number): number {
  return keyLength > SHORT_KEY_MAX ? 2 : 1;
}

function sizeHeaderBytesAt(page: Uint8Array, entry: number): number {
  return (page[entry]! & HAS_SECOND_BYTE) === 0 ? 1 : 2;
}

function readKeyLength(page: Uint8Array, entry: number): number {
  const first = page[entry]!;
  return (first & HAS_SECOND_BYTE) === 0 ? first & 0x1f : (first & 0x1f) | (page[entry + 1]! << 5);
}

function offsetAt(leaf: boolean, index: number): number {
  return leaf ? OFFSETS_AT + OFFSET_BYTES * index : OFFSETS_AT + POINTER_BYTES + CHILD_BYTES * index;
}

/** First byte after the array of offsets (and children). */
function offsetsEnd(leaf: boolean, count: number): number {
  return leaf ? OFFSETS_AT + OFFSET_BYTES * count : OFFSETS_AT + POINTER_BYTES + CHILD_BYTES * count;
}

function readU16(page: Uint8Array, at: number): number {
  return (page[at]! << 8) | page[at + 1]!;
}

function writeU16(page: Uint8Array, at: number, value: number): void {
  page[at] = value >>> 8;
  page[at + 1] = value;
}
