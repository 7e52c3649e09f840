import type { DynamicRecord } from '../store/dynamic-record.ts';
import type { NodeRecord } from '../store/node-record.ts';
import type { PropertyRecord } from '../store/property-record.ts';
import { type ChangeTable, NO_IMAGE } from './change-table.ts';
import { dynamicImages, type ImageDecoder, nodeImages, propertyImages } from './image-decoders.ts';
import type { LogImages } from './log-images.ts';
import type { NetChanges } from './net-changes.ts';
import { RecordSpace } from './record-space.ts';

/** Records of the store files as they are on disk now. The returned record may be reused by the next call. */
export interface StoredRecords {
  node(id: number): NodeRecord | undefined;
  property(id: number): PropertyRecord | undefined;
  nodeLabels(id: number): DynamicRecord | undefined;
  propertyStrings(id: number): DynamicRecord | undefined;
  propertyArrays(id: number): DynamicRecord | undefined;
}

/** The graph at one end of a stretch of log. */
export interface GraphView extends StoredRecords {
  readonly side: 'before' | 'after';
}

/** The state before the log is asked for a record whose content then is neither in the log nor, for sure, in the store. */
export class UnknownPast extends Error {
  override readonly name = 'UnknownPast';
}

/**
 * Sees the graph before or after a stretch of log without replaying it: records that the log touches come from its images, all
 * others from the store, where they are exact even in a fuzzy copy.
 *
 * `storeIsExact`: no record has been written since the state "before" (an incremental before it is applied). Otherwise a touched
 * record without a before-image throws {@link UnknownPast} on that side.
 */
export function viewGraph(
  side: 'before' | 'after',
  changes: NetChanges,
  images: LogImages,
  stored: StoredRecords,
  records: { node: NodeRecord; property: PropertyRecord },
  storeIsExact: boolean,
): GraphView {
  const locate = side === 'before' ? firstBefore : lastAfter;
  const mayReadPast = side === 'after' || storeIsExact;

  function overlay<R>(
    space: RecordSpace,
    decode: ImageDecoder<R>,
    record: R & { id: number },
    fromStore: (id: number) => R | undefined,
  ): (id: number) => R | undefined {
    const table = changes.table(space);
    return (id) => {
      if (!table.has(id)) return fromStore(id);
      const location = locate(table, id);
      if (location !== NO_IMAGE) {
        decode(location, record);
        record.id = id;
        return record;
      }
      // After: a record that was shown but never written. Before: one that was written without being shown.
      if (mayReadPast) return fromStore(id);
      throw new UnknownPast(`record ${id} of store ${space} has no image of its former state`);
    };
  }

  const dynamic = dynamicImages(images);
  const emptyDynamic = (): DynamicRecord => ({ id: -1, inUse: false, first: false, next: -1, data: new Uint8Array(0) });
  return {
    side,
    node: overlay(RecordSpace.node, nodeImages(images), records.node, (id) => stored.node(id)),
    property: overlay(RecordSpace.property, propertyImages(images), records.property, (id) => stored.property(id)),
    nodeLabels: overlay(RecordSpace.nodeLabels, dynamic, emptyDynamic(), (id) => stored.nodeLabels(id)),
    propertyStrings: overlay(RecordSpace.propertyStrings, dynamic, emptyDynamic(), (id) => stored.propertyStrings(id)),
    propertyArrays: overlay(RecordSpace.propertyArrays, dynamic, emptyDynamic(), (id) => stored.propertyArrays(id)),
  };
}

function firstBefore(table: ChangeTable, id: number): number {
  return table.firstBefore(id);
}

function lastAfter(table: ChangeTable, id: number): number {
  return table.lastAfter(id);
}
