import type { DynamicImage } from '../../../src/log/v3/commands/dynamic-record-image.ts';
import type { NodeImage } from '../../../src/log/v3/commands/node-command.ts';
import type { PropertyImage } from '../../../src/log/v3/commands/property-command.ts';
import {
  CREATED,
  FIXED_REFERENCES,
  HAS_SECONDARY_UNIT,
  IN_USE,
  OWNER_IS_RELATIONSHIP,
  REQUIRES_SECONDARY_UNIT,
} from '../../../src/log/v3/commands/record-flags.ts';
import type { RelationshipImage } from '../../../src/log/v3/commands/relationship-command.ts';
import type { RelationshipGroupImage } from '../../../src/log/v3/commands/relationship-group-command.ts';

/** Records of a model graph, never changed in place: an update puts a new object under the same id. */
export interface ModelNode {
  fixed: boolean;
  unit: number;
  dense: boolean;
  nextRel: number;
  nextProp: number;
  labels: readonly number[];
  labelField: number;
  labelChain: readonly DynamicImage[];
}

export interface ModelRelationship {
  fixed: boolean;
  unit: number;
  start: number;
  end: number;
  type: number;
  startPrev: number;
  startNext: number;
  endPrev: number;
  endNext: number;
  markers: number;
  nextProp: number;
}

export interface ModelGroup {
  fixed: boolean;
  unit: number;
  type: number;
  next: number;
  firstOut: number;
  firstIn: number;
  firstLoop: number;
  owner: number;
}

export type OwnerKind = 'node' | 'relationship' | 'graph';

export interface ModelBlock {
  key: number;
  value: Uint8Array;
  chain: readonly DynamicImage[];
}

export interface ModelProperty {
  fixed: boolean;
  prev: number;
  next: number;
  ownerKind: OwnerKind;
  owner: number;
  blocks: readonly ModelBlock[];
}

/** The same dynamic record, not in use: its type is kept. */
function freed(record: DynamicImage): DynamicImage {
  return { id: record.id, type: record.type, flags: 0, next: -1, data: new Uint8Array(0) };
}

/** Records of `old` that `now` does not keep, as in an after-image. */
export function freedRecords(old: readonly DynamicImage[], now: readonly DynamicImage[]): DynamicImage[] {
  return old.filter(({ id }) => !now.some((record) => record.id === id)).map(freed);
}

interface WithUnit {
  fixed: boolean;
  unit: number;
}

/** Flags of an image in use. `lostUnit` = the unit that this transaction freed. */
function flagsOf(record: WithUnit, created: boolean, lostUnit: number): number {
  const unit = record.unit >= 0 ? REQUIRES_SECONDARY_UNIT | HAS_SECONDARY_UNIT : lostUnit >= 0 ? HAS_SECONDARY_UNIT : 0;
  return IN_USE | (created ? CREATED : 0) | unit | (record.fixed ? FIXED_REFERENCES : 0);
}

/** What an image says besides the record. */
export interface ImageSide {
  created: boolean;
  /** Unit that the record had before and no longer has, -1 = none. */
  lostUnit: number;
}

export const BEFORE: ImageSide = { created: false, lostUnit: -1 };

export function nodeImage(node: ModelNode | undefined, side: ImageSide, dynamicLabels: DynamicImage[]): NodeImage {
  if (node === undefined) {
    return { flags: 0, dense: false, nextRel: -1, nextProp: -1, labelField: 0, secondaryUnit: -1, dynamicLabels };
  }
  const { dense, nextRel, nextProp, labelField } = node;
  const secondaryUnit = node.unit >= 0 ? node.unit : side.lostUnit;
  const flags = flagsOf(node, side.created, side.lostUnit);
  return { flags, dense, nextRel, nextProp, labelField, secondaryUnit, dynamicLabels };
}

const UNUSED_RELATIONSHIP: RelationshipImage = {
  flags: 0,
  start: -1,
  end: -1,
  type: -1,
  startPrev: -1,
  startNext: -1,
  endPrev: -1,
  endNext: -1,
  nextProp: -1,
  markers: 0,
  secondaryUnit: -1,
};

export function relationshipImage(record: ModelRelationship | undefined, side: ImageSide): RelationshipImage {
  if (record === undefined) return UNUSED_RELATIONSHIP;
  const { fixed, unit, ...fields } = record;
  const secondaryUnit = unit >= 0 ? unit : side.lostUnit;
  return { ...fields, flags: flagsOf(record, side.created, side.lostUnit), secondaryUnit };
}

/** All fields are present even when the group is not in use; `old` = its previous state. */
export function groupImage(
  record: ModelGroup | undefined,
  side: ImageSide,
  old: ModelGroup | undefined,
): RelationshipGroupImage {
  if (record === undefined) {
    const rest = { next: -1, firstOut: -1, firstIn: -1, firstLoop: -1, owner: old?.owner ?? -1 };
    const flags = side.lostUnit >= 0 ? HAS_SECONDARY_UNIT : 0;
    return { flags, type: old?.type ?? 0, ...rest, secondaryUnit: side.lostUnit };
  }
  const { fixed, unit, ...fields } = record;
  const secondaryUnit = unit >= 0 ? unit : side.lostUnit;
  return { ...fields, flags: flagsOf(record, side.created, side.lostUnit), secondaryUnit };
}

/** Image of `record`. Chains of blocks that are also in `other`, the opposite image, did not change and are left out. */
export function propertyImage(
  record: ModelProperty | undefined,
  other: ModelProperty | undefined,
  deleted: DynamicImage[],
): PropertyImage {
  const { ownerKind, owner, fixed } = (record ?? other)!;
  const fixedFlag = fixed ? FIXED_REFERENCES : 0;
  const ownerFlag = ownerKind === 'relationship' ? OWNER_IS_RELATIONSHIP : 0;
  const flags = (record === undefined ? 0 : IN_USE) | ownerFlag | fixedFlag;
  const blocks = (record?.blocks ?? []).map((block) => ({
    value: block.value,
    records: other?.blocks.includes(block) ? [] : [...block.chain],
  }));
  return { flags, next: record?.next ?? -1, prev: record?.prev ?? -1, owner, secondaryUnit: -1, blocks, deleted };
}
