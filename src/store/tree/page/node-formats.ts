import { DynamicNodeFormat } from './dynamic-node.ts';
import { FixedNodeFormat } from './fixed-node.ts';
import type { TreeLayout } from './layout.ts';
import type { NodeFormat } from './node-format.ts';

/** The node format for trees of this layout. */
export function createNodeFormat(layout: TreeLayout, pageBytes: number): NodeFormat {
  return layout.keys === 'fixed'
    ? new FixedNodeFormat(pageBytes, layout.keyBytes, layout.valueBytes)
    : new DynamicNodeFormat(pageBytes);
}
