import type { StoreKey } from '../../store/files/store-files.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { createFinding, type FindingDetails, type ReportFinding } from '../findings/finding.ts';
import type { StoreRecords } from './store-records.ts';

export type FindingExtras = Pick<FindingDetails, 'expected' | 'found' | 'message'>;

/** Creates findings about the records of one store. */
export class RecordFindings {
  private readonly place: Pick<StoreRecords<StoreKey>, 'fileName' | 'recordBytes'>;
  private readonly report: ReportFinding;

  constructor(place: Pick<StoreRecords<StoreKey>, 'fileName' | 'recordBytes'>, report: ReportFinding) {
    this.place = place;
    this.report = report;
  }

  /** Reports `kind` for record `id`, shown as `text`, with what it contradicts. */
  add(kind: CheckKind, id: number, text: string, inconsistentWith: string[] = [], extras: FindingExtras = {}): void {
    const { fileName, recordBytes } = this.place;
    const offset = id * recordBytes;
    this.report(createFinding(kind, { file: fileName, record: id, offset, text, inconsistentWith, ...extras }));
  }
}
