import { readU32 } from '../../../base/byte-reader.ts';
import type { PropertyOwnerView } from '../plain-views.ts';
import { joinReference } from '../reference.ts';

/**
 * What standard nodes and relationships have in common: bit 0 of the first byte is the mark, and bits 4-7 are bits 32-35 of nextProp, whose
 * low half has a place of its own. Both views are of one shape, so that a loop over either is compiled once.
 */
export class StandardPropertyOwnerView implements PropertyOwnerView {
  private readonly nextPropAt: number;

  constructor(nextPropAt: number) {
    this.nextPropAt = nextPropAt;
  }

  isInUse(buffer: Uint8Array, offset: number): boolean {
    return (buffer[offset]! & 1) !== 0;
  }

  nextProp(buffer: Uint8Array, offset: number): number {
    return joinReference(buffer[offset]! >> 4, readU32(buffer, offset + this.nextPropAt));
  }
}
