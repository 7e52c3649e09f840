import { readU32 } from '../../../base/byte-reader.ts';
import type { PropertyOwnerView } from '../plain-views.ts';
import { joinReference } from '../reference.ts';

/**
 * What standard nodes and relationships have in common: bit 0 of the first byte is the in-use mark, bits 4-7 are bits 32-35 of nextProp,
 * and the low half of nextProp has its own field. Both views have the same shape, so that a loop over either is compiled once.
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
