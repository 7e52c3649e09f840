import type { CheckContext } from '../../../src/check/findings/check-context.ts';
import { type ExamineOptions, examineGraph } from '../../../src/check/parts/graph-examination.ts';
import { examineProperties } from '../../../src/check/properties/property-examination.ts';

/** The checks of all records, without those of derived files. */
export async function examineRecords(context: CheckContext, options?: ExamineOptions): Promise<void> {
  await examineProperties(context);
  await examineGraph(context, options);
}
