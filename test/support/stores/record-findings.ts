import type { CheckContext, CheckParts } from '../../../src/check/findings/check-context.ts';
import type { ReportFinding } from '../../../src/check/findings/finding.ts';
import { readTokenIds } from '../../../src/check/findings/token-ids.ts';
import type { StoreReader } from '../../../src/store/graph/store-reader.ts';

/** A context in which to run one part of a check. */
export function checkContextOf(
  reader: StoreReader,
  report: ReportFinding,
  parts: Partial<CheckParts> = {},
  budgetBytes = 1 << 20,
): CheckContext {
  return {
    reader,
    tokens: readTokenIds(reader),
    parts: { graph: true, indexes: true, labelScan: true, propertyOwners: false, derivedEntries: true, ...parts },
    report,
    budgetBytes,
    signal: undefined,
    progress: () => {},
  };
}
