import { readI64 } from '../../base/byte-reader.ts';
import { genericLayout } from '../../store/index/keys/generic-key.ts';
import { pointLayout } from '../../store/index/keys/point-key.ts';
import { textLayout } from '../../store/index/keys/text-key.ts';
import type { TreeLayout } from '../../store/tree/page/layout.ts';

const ENTITY_BYTES = 8;

/** Where the entity id stands in the keys of a layout: first in texts and generic keys, last in all others (spec trees-and-indexes 12). */
function entityOffset(layout: TreeLayout, keyLength: number): number {
  return layout === genericLayout || layout === textLayout ? 0 : keyLength - ENTITY_BYTES;
}

/** Entity id of a key; NaN if the key is too short to have one or the id is beyond 2^53. */
export function readEntityId(layout: TreeLayout, page: Uint8Array, start: number, length: number): number {
  if (length < ENTITY_BYTES) return Number.NaN;
  const id = readI64(page, start + entityOffset(layout, length));
  return Number.isSafeInteger(id) ? id : Number.NaN;
}

/** How a key relates to the one before it. */
export type Neighbourhood = 'different' | 'same-values' | 'duplicate';

/** Watches keys in order for entries that stand twice, and for values that stand twice with different entities. */
export class NeighbourWatch {
  /** Entity of the key before the one last seen. */
  previousEntity = Number.NaN;
  private readonly layout: TreeLayout;
  private last = new Uint8Array(64);
  private lastLength = -1;
  private lastEntity = Number.NaN;

  constructor(layout: TreeLayout) {
    this.layout = layout;
  }

  see(page: Uint8Array, start: number, length: number): Neighbourhood {
    const entity = readEntityId(this.layout, page, start, length);
    const relation = this.relate(page, start, length, entity);
    if (this.last.length < length) this.last = new Uint8Array(2 * length);
    for (let i = 0; i < length; i++) this.last[i] = page[start + i]!;
    this.previousEntity = this.lastEntity;
    this.lastLength = length;
    this.lastEntity = entity;
    return relation;
  }

  private relate(page: Uint8Array, start: number, length: number, entity: number): Neighbourhood {
    const { layout, last, lastLength } = this;
    if (lastLength < ENTITY_BYTES || length < ENTITY_BYTES) return 'different';
    const at = entityOffset(layout, lastLength);
    const from = start + entityOffset(layout, length);
    for (let i = 0; i < ENTITY_BYTES; i++) last[at + i] = page[from + i]!;
    if (layout.compare(last, 0, lastLength, page, start, length) !== 0) return 'different';
    if (entity === this.lastEntity) return 'duplicate';
    // Different points may share a place on the curve.
    return layout === pointLayout ? 'different' : 'same-values';
  }
}
