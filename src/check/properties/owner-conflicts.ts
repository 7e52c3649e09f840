import type { CheckContext } from '../findings/check-context.ts';
import { renderNode, renderRelationship } from '../findings/record-texts.ts';
import type { RecordFindings } from '../records/record-findings.ts';
import type { RecordStores } from '../records/store-records.ts';
import type { PropertyOwner, PropertyOwners } from './property-owners.ts';

/** Reports property chains with several owners (`primitive.multipleOwners`): every owner but the first, together with the first. */
export async function reportMultipleOwners(
  context: CheckContext,
  stores: RecordStores,
  owners: PropertyOwners,
  nodes: RecordFindings,
  relationships: RecordFindings,
): Promise<void> {
  if (owners.shared.size === 0) return;
  const firstOwner = new Map<number, string>();
  const graph = context.reader.metadata.firstGraphProperty;
  if (graph >= 0) firstOwner.set(graph, 'NeoStore');
  const visit =
    <O extends PropertyOwner>(findings: RecordFindings, render: (owner: O) => string) =>
    (owner: O) => {
      if (owner.nextProp < 0 || !owners.shared.has(owner.nextProp)) return;
      const first = firstOwner.get(owner.nextProp);
      if (first === undefined) firstOwner.set(owner.nextProp, render(owner));
      else findings.add('primitive.multipleOwners', owner.id, render(owner), [first]);
    };
  await stores.node.scan('property owners', visit(nodes, renderNode));
  await stores.relationship.scan('property owners', visit(relationships, renderRelationship));
}
