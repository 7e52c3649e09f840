import type { PlainViews } from '../plain-views.ts';
import { standardDynamicView } from './dynamic-codec.ts';
import { standardNodeOwnerView } from './node-codec.ts';
import { standardPropertyView } from './property-codec.ts';
import { standardRelationshipOwnerView, standardRelationshipView } from './relationship-codec.ts';

/** Every field of a standard record has a fixed place. */
export const standardPlainViews: PlainViews = {
  owners: { node: standardNodeOwnerView, relationship: standardRelationshipOwnerView },
  relationship: standardRelationshipView,
  property: standardPropertyView,
  dynamic: standardDynamicView,
};
