import type { RelationshipView } from '../../../store/records/plain-views.ts';
import type { RelationshipRecord } from '../../../store/records/relationship-record.ts';
import type { CheckContext } from '../../findings/check-context.ts';
import type { IdBitmap } from '../../records/id-bitmap.ts';
import type { RecordStores } from '../../records/store-records.ts';
import { isFirst, nextOf, nodeOf, prevOf, type Side } from '../chain-sides.ts';
import { SideTable } from './side-table.ts';

const FIRST = -2;
/** With this many parts, the chains of one node alone may exceed the table. They cannot be split, so the table grows. */
const MOST_PARTS = 256;
/** The nodes of one part may have more relationships than those of another. */
const SPARE = 1.1;

export interface Cycle {
  /** The smallest id in it. */
  id: number;
  node: number;
}

/**
 * Finds chains that form a cycle without a beginning. In every cycle some relationship points to a larger id or to itself, so only the
 * chains of nodes where that happens are collected in memory: all of them in one pass over the relationships, or, if the budget is too
 * small, a part of the nodes in each of several passes.
 */
export class CycleScreen {
  private readonly stores: RecordStores;
  private readonly ascending: IdBitmap;
  private readonly table: SideTable;
  private readonly view: RelationshipView | undefined;

  constructor(context: CheckContext, stores: RecordStores, ascending: IdBitmap) {
    this.view = context.reader.format.plainViews?.relationship;
    this.stores = stores;
    this.ascending = ascending;
    this.table = new SideTable(context.budgetBytes);
  }

  /** `expected`: approximate number of entries in the chains of these nodes. */
  async find(expected: number): Promise<Cycle[]> {
    if (this.ascending.size === 0) return [];
    let cycles: Cycle[] = [];
    let parts = Math.min(MOST_PARTS, Math.ceil((expected * SPARE) / this.table.capacity) || 1);
    for (let part = 0; part < parts; part++) {
      if (await this.gather(part, parts)) {
        this.collect(cycles);
        continue;
      }
      if (parts < MOST_PARTS) parts *= 2;
      else this.table.allowMore();
      part = -1;
      cycles = [];
    }
    return cycles.sort((a, b) => a.id - b.id);
  }

  /** False if the chains of this part of the nodes do not fit into the table. */
  private async gather(part: number, parts: number): Promise<boolean> {
    const { table, ascending, view } = this;
    table.clear();
    let fits = true;
    const addSide = (r: RelationshipRecord, side: Side) => {
      const node = nodeOf(r, side);
      if (node % parts !== part || !ascending.has(node)) return;
      const prev = isFirst(r, side) ? FIRST : prevOf(r, side);
      if (!table.add(r.id, node, prev, nextOf(r, side))) fits = false;
    };
    const visit = (r: RelationshipRecord) => {
      addSide(r, 'start');
      if (r.start !== r.end) addSide(r, 'end');
    };
    const isWanted = (node: number) => node % parts === part && ascending.has(node);
    const { relationship } = this.stores;
    const record = relationship.create();
    await relationship.scanBytes('relationship cycles', (bytes, first, end) => {
      for (let id = first, offset = 0; id < end && fits; id++, offset += relationship.recordBytes) {
        if (view !== undefined) {
          if (!view.isInUse(bytes, offset)) continue;
          if (!isWanted(view.start(bytes, offset)) && !isWanted(view.end(bytes, offset))) continue;
        }
        relationship.visitRecord(record, bytes, id, offset, visit);
      }
    });
    return fits;
  }

  private collect(cycles: Cycle[]): void {
    const { table } = this;
    for (let start = 0; start < table.slots; start++) {
      if (table.id(start) < 0 || table.prev(start) === FIRST || !table.walk(start)) continue;
      const node = table.node(start);
      let smallest = table.id(start);
      for (let slot = start; ; ) {
        const id = table.id(slot);
        const next = table.next(slot);
        smallest = Math.min(smallest, id);
        slot = next < 0 ? -1 : table.find(next, node);
        if (slot < 0 || table.prev(slot) !== id) break;
        if (slot === start) {
          cycles.push({ id: smallest, node });
          break;
        }
        if (!table.walk(slot)) break;
      }
    }
  }
}
