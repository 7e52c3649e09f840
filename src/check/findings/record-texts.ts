import type { DynamicRecord } from '../../store/records/dynamic-record.ts';
import type { NodeRecord } from '../../store/records/node-record.ts';
import type { PropertyRecord } from '../../store/records/property-record.ts';
import type { RelationshipGroupRecord } from '../../store/records/relationship-group-record.ts';
import type { RelationshipRecord } from '../../store/records/relationship-record.ts';
import { dynamicLabelsId, hasDynamicLabels, readInlineLabels } from '../../store/values/labels.ts';

/** Records as the report shows them (spec consistency-check 2), one line each. */

export function renderNode(node: NodeRecord): string {
  const { id, inUse, dense, nextRel, nextProp, labelField } = node;
  const first = dense ? `group=${nextRel}` : `rel=${nextRel}`;
  return `Node[${id},used=${inUse},${first},prop=${nextProp},labels=${renderLabelField(labelField)},light]`;
}

function renderLabelField(field: number): string {
  const hex = `0x${field.toString(16).toUpperCase()}`;
  if (hasDynamicLabels(field)) return `Dynamic(${hex}:[${dynamicLabelsId(field)}])`;
  return `Inline(${hex}:[${readInlineLabels(field).join(', ')}])`;
}

export function renderRelationship(r: RelationshipRecord): string {
  const parts = [
    r.id,
    `used=${r.inUse}`,
    `source=${r.start}`,
    `target=${r.end}`,
    `type=${r.type}`,
    `${r.firstInStart ? 'sCount' : 'sPrev'}=${r.startPrev}`,
    `sNext=${r.startNext}`,
    `${r.firstInEnd ? 'tCount' : 'tPrev'}=${r.endPrev}`,
    `tNext=${r.endNext}`,
    `prop=${r.nextProp}`,
    r.firstInStart ? ' sFirst' : '!sFirst',
    r.firstInEnd ? ' tFirst' : '!tFirst',
  ];
  return `Relationship[${parts.join(',')}]`;
}

/** A group does not store its predecessor: `prev` is always -1. */
export function renderGroup(g: RelationshipGroupRecord): string {
  const heads = `out=${g.firstOut},in=${g.firstIn},loop=${g.firstLoop}`;
  return `RelationshipGroup[${g.id},type=${g.type},${heads},prev=-1,next=${g.next},used=${g.inUse},owner=${g.owner}]`;
}

export function renderProperty({ id, inUse, prev, next, blockCount }: PropertyRecord): string {
  return `Property[${id},used=${inUse},prev=${prev},next=${next},blocks=${blockCount}]`;
}

export function renderDynamic({ id, inUse, data, first, next }: DynamicRecord): string {
  return `DynamicRecord[${id},used=${inUse},(${data.length}),type=-1,data=byte[],start=${first},next=${next}]`;
}

/** A record that is not in use or not readable. */
export function renderUnused(kind: RecordKind, id: number): string {
  return `${kind}[${id},used=false]`;
}

export type RecordKind = 'Node' | 'Relationship' | 'RelationshipGroup' | 'Property' | 'DynamicRecord';
