import type { GraphView } from '../../store/graph/graph-view.ts';
import type { DynamicRecord } from '../../store/records/dynamic-record.ts';
import { dynamicImages, type ImageDecoder, nodeImages, propertyImages } from '../collect/image-decoders.ts';
import { type ImageLocation, NO_IMAGE } from '../collect/image-location.ts';
import type { NetChanges } from '../collect/net-changes.ts';
import { RecordSpace } from '../collect/record-space.ts';
import type { ReplayContext } from '../collect/replay-context.ts';

/** Thrown when a past state needs a record whose content at that time is neither in the log nor certainly in the store. */
export class UnknownPast extends Error {
  override readonly name = 'UnknownPast';
}

/** Locates the image of a touched record at the moment of a view, or returns one of the special answers below. */
export type LocateImage = (space: RecordSpace, id: number) => ImageLocation;

/** Special answers of {@link LocateImage}. */
const FROM_STORE = NO_IMAGE;
const UNKNOWN = -1 as ImageLocation;

/**
 * Shows the graph at a moment within a stretch of log without replaying it. Records that the log touches come from the images that `locate`
 * names; all others come from the store, where they are exact even in a fuzzy copy.
 */
export function viewGraph(context: ReplayContext, stored: GraphView, locate: LocateImage): GraphView {
  const { changes, images, format } = context;
  function overlay<R extends { id: number }>(
    space: RecordSpace,
    decode: ImageDecoder<R>,
    record: R,
    fromStore: (id: number) => R | undefined,
  ): (id: number) => R | undefined {
    const table = changes.table(space);
    return (id) => {
      if (!table.has(id)) return fromStore(id);
      const image = locate(space, id);
      if (image === FROM_STORE) return fromStore(id);
      if (image === UNKNOWN) throw new UnknownPast(`record ${id} of space ${space} has no image of its former state`);
      decode(image, record);
      record.id = id;
      return record;
    };
  }

  const dynamic = dynamicImages(images);
  const dynamicRecord = (): DynamicRecord => ({
    id: -1,
    inUse: false,
    first: false,
    next: -1,
    data: new Uint8Array(0),
  });
  const { node, property, nodeLabels, propertyStrings, propertyArrays } = RecordSpace;
  return {
    node: overlay(node, nodeImages(images), format.node.create(), stored.node),
    property: overlay(property, propertyImages(images), format.property.create(), stored.property),
    nodeLabels: overlay(nodeLabels, dynamic, dynamicRecord(), stored.nodeLabels),
    propertyStrings: overlay(propertyStrings, dynamic, dynamicRecord(), stored.propertyStrings),
    propertyArrays: overlay(propertyArrays, dynamic, dynamicRecord(), stored.propertyArrays),
  };
}

/** The state before the log, for a store to which nothing was written since. */
export function locateBefore(changes: NetChanges): LocateImage {
  return (space, id) => changes.table(space).firstBefore(id);
}

/** The state before the log, for a store to which part of it may have been written already. */
export function locateFirst(changes: NetChanges): LocateImage {
  return (space, id) => {
    const table = changes.table(space);
    const before = table.firstBefore(id);
    if (before !== NO_IMAGE) return before;
    return table.lastAfter(id) === NO_IMAGE ? FROM_STORE : UNKNOWN;
  };
}

/** The state after the log. A record without an after-image is read from the store. */
export function locateAfter(changes: NetChanges): LocateImage {
  return (space, id) => changes.table(space).lastAfter(id);
}
