import type { ClientConfig } from './neo4j-conf.ts';
import { settings } from './settings.ts';

/** What a check looks at. */
export interface CheckedParts {
  graph: boolean;
  indexes: boolean;
  labelScanStore: boolean;
  propertyOwners: boolean;
}

/** What is given, and for the rest what `tools.consistency_checker.*` says. */
export function completeChecks(
  given: { readonly [Part in keyof CheckedParts]?: boolean | undefined },
  config: ClientConfig,
): CheckedParts {
  return {
    graph: given.graph ?? config.get(settings.checkGraph),
    indexes: given.indexes ?? config.get(settings.checkIndexes),
    labelScanStore: given.labelScanStore ?? config.get(settings.checkLabelScanStore),
    propertyOwners: given.propertyOwners ?? config.get(settings.checkPropertyOwners),
  };
}
