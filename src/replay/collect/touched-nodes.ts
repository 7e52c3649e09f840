import { readPropertyOwner, readPropertyOwnerKind } from '../../log/v3/commands/property-command.ts';
import { IdleVisitor } from '../../log/v3/fields/transaction-visitor.ts';
import { ChangeTable } from './change-table.ts';

/** Collects the nodes whose record or properties the walked transactions change, in {@link ids}. */
export class TouchedNodes extends IdleVisitor {
  readonly ids = new ChangeTable();
  /** A property of a relationship was changed. */
  relationshipProperties = false;
  private buffer: Buffer = Buffer.alloc(0);
  private shift = 0;

  /** To be called before a transaction is walked: locations minus `shift` are offsets in `buffer`. */
  begin(buffer: Buffer, shift: number): void {
    this.buffer = buffer;
    this.shift = shift;
  }

  override node(id: number, _before: number, after: number): void {
    this.ids.noteAfter(id, after);
  }

  override property(_id: number, before: number, after: number): void {
    this.touchOwner(before);
    this.touchOwner(after);
  }

  private touchOwner(image: number): void {
    const offset = image - this.shift;
    const kind = readPropertyOwnerKind(this.buffer, offset);
    if (kind === 'relationship') this.relationshipProperties = true;
    if (kind === 'node') this.ids.noteAfter(readPropertyOwner(this.buffer, offset), image);
  }
}
