import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import type { RelationshipRecord } from '../../store/records/relationship-record.ts';
import { IdBitmap } from '../records/id-bitmap.ts';
import type { RecordStores } from '../records/store-records.ts';
import { follows, isFirst, nextOf, nodeOf, type Side, sideAt } from './chain-sides.ts';

/** Finds chains that form a cycle without a beginning by walking them: two bits per relationship. */
export class ChainCycles {
  private readonly stores: RecordStores;
  private readonly walked = new IdBitmap();
  private readonly records: [RelationshipRecord, RelationshipRecord];

  constructor(stores: RecordStores) {
    this.stores = stores;
    this.records = [stores.relationship.create(), stores.relationship.create()];
  }

  /** Calls `found`, with the cycle's smallest id and its node, if the chain of `r` is a cycle that was not walked before. */
  follow(r: RelationshipRecord, found: (id: number, node: number) => void): void {
    this.followSide(r, 'start', found);
    if (r.start !== r.end) this.followSide(r, 'end', found);
  }

  private followSide(r: RelationshipRecord, side: Side, found: (id: number, node: number) => void): void {
    if (isFirst(r, side) || !this.walked.add(placeOf(r.id, side))) return;
    const node = nodeOf(r, side);
    let smallest = r.id;
    let previous = r.id;
    for (let id = nextOf(r, side), turn = 0; id !== NULL_REFERENCE; turn ^= 1) {
      const next = this.stores.relationship.load(id, this.records[turn]!);
      if (next === undefined || !follows(next, previous, node)) return;
      if (id === r.id) {
        found(smallest, node);
        return;
      }
      const nextSide = sideAt(next, node)!;
      if (!this.walked.add(placeOf(id, nextSide))) return;
      smallest = Math.min(smallest, id);
      previous = id;
      id = nextOf(next, nextSide);
    }
  }
}

function placeOf(id: number, side: Side): number {
  return id * 2 + (side === 'start' ? 0 : 1);
}
