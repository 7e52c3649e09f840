export type EntityKind = 'node' | 'relationship' | 'graph';

/** A number for each entity: the graph itself first, then nodes and relationships alternating. */
function keyOf(kind: EntityKind, id: number): number {
  if (kind === 'graph') return -1;
  return kind === 'node' ? id * 2 : id * 2 + 1;
}

/** Maximum number of entries. Transactions older than the remaining ones then conflict, whatever they read. */
const MOST_ENTRIES = 1_000_000;
const FEWEST_ENTRIES = 10_000;

/** Which transaction last changed each entity, for checking optimistic commits. Keeps only what an open transaction may ask for. */
export class RecentChanges {
  private readonly changed = new Map<number, number>();
  private readonly removed = new Map<number, number>();
  /** The begin of each open transaction. */
  private readonly open = new Map<object, number>();
  /** A transaction that began before this cannot be judged any more. */
  private floor = 0;
  private pruneAt = FEWEST_ENTRIES;

  begin(transaction: object, lastCommitted: number): void {
    this.open.set(transaction, lastCommitted);
  }

  end(transaction: object): void {
    this.open.delete(transaction);
  }

  /** Whether the entity was changed, created or removed after transaction `since`. */
  isChanged(kind: EntityKind, id: number, since: number): boolean {
    return since < this.floor || (this.changed.get(keyOf(kind, id)) ?? 0) > since;
  }

  /** Whether the entity was removed after transaction `since`, even if another one may have its id now. */
  isRemoved(kind: EntityKind, id: number, since: number): boolean {
    return since < this.floor || (this.removed.get(keyOf(kind, id)) ?? 0) > since;
  }

  note(kind: EntityKind, id: number, transaction: number, isRemoval: boolean): void {
    const key = keyOf(kind, id);
    this.changed.set(key, transaction);
    if (isRemoval) this.removed.set(key, transaction);
  }

  /** Call after the changes of a transaction were noted. */
  prune(lastCommitted: number): void {
    if (this.changed.size < this.pruneAt) return;
    let oldest = lastCommitted;
    for (const begin of this.open.values()) oldest = Math.min(oldest, begin);
    dropUpTo(this.changed, oldest);
    dropUpTo(this.removed, oldest);
    if (this.changed.size > MOST_ENTRIES) {
      this.changed.clear();
      this.removed.clear();
      this.floor = lastCommitted;
    }
    this.pruneAt = Math.max(FEWEST_ENTRIES, 2 * this.changed.size);
  }
}

function dropUpTo(entries: Map<number, number>, transaction: number): void {
  for (const [key, last] of entries) if (last <= transaction) entries.delete(key);
}
