import { copyInto } from './byte-copy.ts';
import type { NodeFormat } from './node-format.ts';
import { BODY_AT, readKeyCount } from './node-page.ts';
import { POINTER_BYTES } from './pointer.ts';

/**
 * Body with keys of one size (spec trees-and-indexes 5.1): K = key bytes, V = value bytes, P = page size.
 *
 * ```
 * leafMax     = floor((P - 82) / (K + V))            internalMax = floor((P - 82 - 24) / (K + 24))
 * leaf:     key i at 82 + i*K ; value i at 82 + leafMax*K + i*V
 * internal: key i at 82 + i*K ; child i (GSPP) at 82 + internalMax*K + i*24
 * ```
 */
export class FixedNodeFormat implements NodeFormat {
  readonly pageBytes: number;
  readonly valueBytes: number;
  readonly leafRoomBytes: number;
  readonly branchRoomBytes: number;
  readonly maxKeyBytes: number;
  private readonly keyBytes: number;
  private readonly leafMax: number;
  private readonly internalMax: number;
  private readonly valuesAt: number;
  private readonly childrenAt: number;

  constructor(pageBytes: number, keyBytes: number, valueBytes: number) {
    this.pageBytes = pageBytes;
    this.keyBytes = keyBytes;
    this.maxKeyBytes = keyBytes;
    this.valueBytes = valueBytes;
    this.leafRoomBytes = pageBytes - BODY_AT;
    this.branchRoomBytes = pageBytes - BODY_AT - POINTER_BYTES;
    this.leafMax = Math.floor(this.leafRoomBytes / (keyBytes + valueBytes));
    this.internalMax = Math.floor(this.branchRoomBytes / (keyBytes + POINTER_BYTES));
    this.valuesAt = BODY_AT + this.leafMax * keyBytes;
    this.childrenAt = BODY_AT + this.internalMax * keyBytes;
  }

  leafEntryBytes(): number {
    return this.keyBytes + this.valueBytes;
  }

  branchEntryBytes(): number {
    return this.keyBytes + POINTER_BYTES;
  }

  keyStart(_page: Uint8Array, _leaf: boolean, index: number): number {
    return BODY_AT + index * this.keyBytes;
  }

  keyLength(): number {
    return this.keyBytes;
  }

  valueStart(_page: Uint8Array, index: number): number {
    return this.valuesAt + index * this.valueBytes;
  }

  childStart(_page: Uint8Array, index: number): number {
    return this.childrenAt + index * POINTER_BYTES;
  }

  findProblem(page: Uint8Array, leaf: boolean): string | undefined {
    const count = readKeyCount(page);
    const max = leaf ? this.leafMax : this.internalMax;
    return count < 0 || count > max ? `key count ${count} is outside 0..${max}` : undefined;
  }

  findSpaceProblem(): undefined {
    return undefined;
  }

  initialize(): void {}

  appendLeafEntry(
    page: Uint8Array,
    count: number,
    key: Uint8Array,
    start: number,
    _length: number,
    value: Uint8Array,
    valueAt: number,
  ): void {
    copyInto(key, start, page, BODY_AT + count * this.keyBytes, this.keyBytes);
    copyInto(value, valueAt, page, this.valuesAt + count * this.valueBytes, this.valueBytes);
  }

  appendBranchKey(page: Uint8Array, count: number, key: Uint8Array, start: number): void {
    copyInto(key, start, page, BODY_AT + count * this.keyBytes, this.keyBytes);
  }
}
