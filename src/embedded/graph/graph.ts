import type { PropertyValue } from '../../store/values/property-value.ts';

/** Properties of a node, a relationship or the graph, by key. */
export type Properties = Record<string, PropertyValue>;

export interface GraphNode {
  id: number;
  /** In the order of their token ids. */
  labels: string[];
  properties: Properties;
}

export interface GraphRelationship {
  id: number;
  type: string;
  start: number;
  end: number;
  properties: Properties;
}
