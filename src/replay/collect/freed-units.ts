import { readFreedNodeUnit, readNodeImage } from '../../log/v3/commands/node-command.ts';
import { readFreedRelationshipUnit, readRelationshipImage } from '../../log/v3/commands/relationship-command.ts';
import { readFreedGroupUnit, readGroupImage } from '../../log/v3/commands/relationship-group-command.ts';
import type { RelationshipGroupCommandType } from '../../log/v3/fields/command-types.ts';
import { HIGH_LIMIT_FORMAT } from '../../store/files/store-format.ts';
import { RecordSpace } from './record-space.ts';

const NO_UNIT = -1;

interface UnitImage {
  inUse: boolean;
  secondaryUnit: number;
}

/**
 * high_limit: the second units that records gave up anywhere in the log, by space. Their mark must be cleared even if the net change does
 * not show them: a fuzzy copy may hold a unit that existed only between two transactions. Clearing them before records are written is
 * always right: whatever occupies the same place later is written afterwards.
 */
export class FreedUnits {
  private readonly units = new Map<RecordSpace, Set<number>>();
  private readonly spacesWithUnits = new Set<RecordSpace>();
  private readonly node = HIGH_LIMIT_FORMAT.node.create();
  private readonly relationship = HIGH_LIMIT_FORMAT.relationship.create();
  private readonly group = HIGH_LIMIT_FORMAT.relationshipGroup.create();

  /** True if a record of this space had two units at any time in the log. */
  occurIn(space: RecordSpace): boolean {
    return this.spacesWithUnits.has(space);
  }

  of(space: RecordSpace): Iterable<number> {
    return this.units.get(space) ?? [];
  }

  noteNode(buffer: Buffer, before: number, after: number): void {
    const old = unitOf(readNodeImage(buffer, before, this.node));
    const now = unitOf(readNodeImage(buffer, after, this.node));
    this.note(RecordSpace.node, old, now, readFreedNodeUnit(buffer, after));
  }

  noteRelationship(buffer: Buffer, before: number, after: number): void {
    const old = unitOf(readRelationshipImage(buffer, before, this.relationship));
    const now = unitOf(readRelationshipImage(buffer, after, this.relationship));
    this.note(RecordSpace.relationship, old, now, readFreedRelationshipUnit(buffer, after));
  }

  noteGroup(buffer: Buffer, before: number, after: number, type: RelationshipGroupCommandType): void {
    const old = unitOf(readGroupImage(buffer, before, this.group, type));
    const now = unitOf(readGroupImage(buffer, after, this.group, type));
    this.note(RecordSpace.relationshipGroup, old, now, readFreedGroupUnit(buffer, after, type));
  }

  private note(space: RecordSpace, old: number, now: number, freed: number): void {
    if (old !== NO_UNIT || now !== NO_UNIT || freed !== NO_UNIT) this.spacesWithUnits.add(space);
    if (old !== NO_UNIT && old !== now) this.add(space, old);
    if (freed !== NO_UNIT) this.add(space, freed);
  }

  private add(space: RecordSpace, unit: number): void {
    let units = this.units.get(space);
    if (units === undefined) {
      units = new Set();
      this.units.set(space, units);
    }
    units.add(unit);
  }
}

function unitOf(image: UnitImage): number {
  return image.inUse ? image.secondaryUnit : NO_UNIT;
}
