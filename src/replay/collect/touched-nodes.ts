import { readPropertyOwner, readPropertyOwnerKind } from '../../log/v3/commands/property-command.ts';
import { IdleVisitor } from '../../log/v3/fields/transaction-visitor.ts';
import { ChangeTable } from './change-table.ts';
import { NO_IMAGE } from './image-location.ts';

/** Collects in {@link ids} the nodes whose record or properties the walked transactions change. */
export class TouchedNodes extends IdleVisitor {
  /** Used as a set: no images are noted in it. */
  readonly ids = new ChangeTable();
  /** True if a property of a relationship was changed. */
  relationshipProperties = false;
  private buffer: Buffer = Buffer.alloc(0);

  /** Must be called before a transaction in `buffer` is walked. */
  begin(buffer: Buffer): void {
    this.buffer = buffer;
  }

  override node(id: number): void {
    this.ids.noteAfter(id, NO_IMAGE);
  }

  override property(_id: number, before: number, after: number): void {
    this.touchOwner(before);
    this.touchOwner(after);
  }

  private touchOwner(image: number): void {
    const kind = readPropertyOwnerKind(this.buffer, image);
    if (kind === 'relationship') this.relationshipProperties = true;
    if (kind === 'node') this.ids.noteAfter(readPropertyOwner(this.buffer, image), NO_IMAGE);
  }
}
