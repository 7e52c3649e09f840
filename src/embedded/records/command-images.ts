import type { DynamicImage } from '../../log/v3/commands/dynamic-record-image.ts';
import type { NodeImage } from '../../log/v3/commands/node-command.ts';
import type { PropertyImage } from '../../log/v3/commands/property-command.ts';
import { CREATED, IN_USE, OWNER_IS_RELATIONSHIP } from '../../log/v3/commands/record-flags.ts';
import type { RelationshipImage } from '../../log/v3/commands/relationship-command.ts';
import type { RelationshipGroupImage } from '../../log/v3/commands/relationship-group-command.ts';
import type { DynamicRecord } from '../../store/records/dynamic-record.ts';
import type { NodeRecord } from '../../store/records/node-record.ts';
import type { RelationshipGroupRecord } from '../../store/records/relationship-group-record.ts';
import type { RelationshipRecord } from '../../store/records/relationship-record.ts';
import type { Owner } from './record-view.ts';

/**
 * Images of records as a server writes them into commands (spec transaction-logs 3), for stores without second units. Both images of a
 * record that the transaction creates have `isNew` set.
 */

const NO_DATA = new Uint8Array(0);
const NO_UNIT = { secondaryUnit: -1 };
const FIRST_OF_CHAIN = 0x02;

function flagsOf(record: object | undefined, isNew: boolean): number {
  return (record === undefined ? 0 : IN_USE) | (isNew ? CREATED : 0);
}

/** `type`: 9 = string value, 10 = array value, -1 = any other. */
export function dynamicImage({ id, first, next, data }: Readonly<DynamicRecord>, type: number): DynamicImage {
  return { id, type, flags: first ? IN_USE | FIRST_OF_CHAIN : IN_USE, next, data };
}

/** The image of a record that the transaction frees. */
export function freedImage({ id }: { readonly id: number }, type: number): DynamicImage {
  return { id, type, flags: 0, next: -1, data: NO_DATA };
}

export function nodeImage(
  record: Readonly<NodeRecord> | undefined,
  isNew: boolean,
  dynamicLabels: DynamicImage[],
): NodeImage {
  const flags = flagsOf(record, isNew);
  const { dense = false, nextRel = -1, nextProp = -1, labelField = 0 } = record ?? {};
  return { flags, dense, nextRel, nextProp, labelField, ...NO_UNIT, dynamicLabels };
}

export function relationshipImage(record: Readonly<RelationshipRecord> | undefined, isNew: boolean): RelationshipImage {
  const { start = -1, end = -1, type = -1, nextProp = -1 } = record ?? {};
  const { startPrev = -1, startNext = -1, endPrev = -1, endNext = -1 } = record ?? {};
  const markers = (record?.firstInStart === true ? 1 : 0) | (record?.firstInEnd === true ? 2 : 0);
  const chains = { startPrev, startNext, endPrev, endNext, nextProp, markers };
  return { flags: flagsOf(record, isNew), start, end, type, ...chains, ...NO_UNIT };
}

/** All fields are written even if the group is not in use: at least its type; for a deleted group also next and owner. */
export function groupImage(
  fields: Pick<RelationshipGroupRecord, 'type'> & Partial<RelationshipGroupRecord>,
): RelationshipGroupImage {
  const { inUse = false, type, next = -1, firstOut = -1, firstIn = -1, firstLoop = -1, owner = -1 } = fields;
  return { flags: inUse ? IN_USE : 0, type, next, firstOut, firstIn, firstLoop, owner, ...NO_UNIT };
}

/** In use exactly if it has blocks. A deleted record still names its neighbours. */
export function propertyImage(
  links: { readonly prev: number; readonly next: number } | undefined,
  owner: Owner,
  blocks: PropertyImage['blocks'],
  deleted: DynamicImage[],
): PropertyImage {
  const { prev = -1, next = -1 } = links ?? {};
  const flags = (blocks.length > 0 ? IN_USE : 0) | (owner.kind === 'relationship' ? OWNER_IS_RELATIONSHIP : 0);
  return { flags, next, prev, owner: owner.kind === 'graph' ? -1 : owner.id, ...NO_UNIT, blocks, deleted };
}
