import { ENTITY_BYTES, entityOffset, readEntityId } from '../../store/index/keys/key-entity.ts';
import { pointLayout } from '../../store/index/keys/point-key.ts';
import type { TreeLayout } from '../../store/tree/page/layout.ts';

/** How a key relates to the one before it. */
export type Neighbourhood = 'different' | 'same-values' | 'duplicate';

/** Watches sorted keys for duplicate entries, and for values that occur with different entities. */
export class NeighbourWatch {
  /** Entity of the key before the last one. */
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
