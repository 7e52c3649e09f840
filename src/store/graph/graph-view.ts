import type { DynamicRecord } from '../records/dynamic-record.ts';
import type { NodeRecord } from '../records/node-record.ts';
import type { PropertyRecord } from '../records/property-record.ts';

/** Reads single records of the graph as of one moment. A returned record may be reused by the next call. */
export interface GraphView {
  node(id: number): NodeRecord | undefined;
  property(id: number): PropertyRecord | undefined;
  nodeLabels(id: number): DynamicRecord | undefined;
  propertyStrings(id: number): DynamicRecord | undefined;
  propertyArrays(id: number): DynamicRecord | undefined;
}
