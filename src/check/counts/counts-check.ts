import { ANY, type Counts, readLiveCounts } from '../../store/counts/counts-store.ts';
import { recountStore } from '../../store/counts/recount.ts';
import { COUNTS_FILES } from '../../store/files/store-files.ts';
import type { NodeRecord } from '../../store/records/node-record.ts';
import { readLabels } from '../../store/values/labels.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { isDamage } from '../findings/damage.ts';
import { createFinding } from '../findings/finding.ts';

/**
 * Compares the counts store with counts made from the records (spec consistency-check 3.9). Unreadable labels count as none, as in the real
 * checker.
 */
export async function checkCounts(context: CheckContext): Promise<void> {
  const { reader, report, signal } = context;
  const live = readLiveCounts(reader.directory);
  if (live === undefined) {
    report(createFinding('countsStoreUnusable', { file: COUNTS_FILES[0], text: '' }));
    return;
  }
  const total = reader.file('node').sizeBytes + reader.file('relationship').sizeBytes;
  let done = 0;
  const recounted = await recountStore(reader, {
    readDynamicLabels: (node) => readLabelsIfWhole(context, node),
    onProgress: (bytes) => {
      done += bytes;
      context.progress('counts', done, total);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  new CountsComparison(context, live.fileName, live.counts, recounted).run();
}

function readLabelsIfWhole({ reader }: CheckContext, { id, labelField }: NodeRecord): readonly number[] {
  try {
    return readLabels(id, labelField, reader.readLabelRecord);
  } catch (error) {
    if (isDamage(error)) return [];
    throw error;
  }
}

class CountsComparison {
  private readonly context: CheckContext;
  private readonly file: string;
  private readonly stored: Counts;
  private readonly recounted: Counts;

  constructor(context: CheckContext, file: string, stored: Counts, recounted: Counts) {
    this.context = context;
    this.file = file;
    this.stored = stored;
    this.recounted = recounted;
  }

  run(): void {
    const { stored, recounted } = this;
    for (const [label, count] of stored.nodes) this.compareNodes(label, count, recounted.nodeCount(label));
    for (const [label, count] of recounted.nodes) {
      if (!stored.nodes.has(label)) this.compareNodes(label, 0, count);
    }
    stored.forEachRelationshipCount((start, type, end, count) => {
      this.compareRelationships(start, type, end, count, recounted.relationshipCount(start, type, end));
    });
    recounted.forEachRelationshipCount((start, type, end, count) => {
      if (stored.relationshipCount(start, type, end) === 0) this.compareRelationships(start, type, end, 0, count);
    });
    this.compareKeys('counts.inconsistentNumberOfNodeKeys', stored.nodes.size, recounted.nodes.size);
    const relationshipKeys = countRelationshipKeys(stored);
    this.compareKeys('counts.inconsistentNumberOfRelationshipKeys', relationshipKeys, countRelationshipKeys(recounted));
  }

  private compareNodes(label: number, stored: number, counted: number): void {
    if (stored !== counted) {
      this.report('counts.inconsistentNodeCount', `NodeKey[${describeLabel(label)}]`, stored, counted);
    }
  }

  private compareRelationships(start: number, type: number, end: number, stored: number, counted: number): void {
    if (stored === counted) return;
    const relationship = type === ANY ? '-->' : `-[:type=${type}]->`;
    const key = `RelationshipKey[${describeLabel(start)}${relationship}${describeLabel(end)}]`;
    this.report('counts.inconsistentRelationshipCount', key, stored, counted);
  }

  private compareKeys(kind: CheckKind, stored: number, counted: number): void {
    if (stored !== counted) this.report(kind, 'number of keys', stored, counted);
  }

  private report(kind: CheckKind, key: string, stored: number, counted: number): void {
    this.context.report(
      createFinding(kind, {
        file: this.file,
        text: `CountsEntry[${key}: ${stored}]`,
        inconsistentWith: [String(counted)],
        expected: String(counted),
        found: String(stored),
      }),
    );
  }
}

function describeLabel(label: number): string {
  return label === ANY ? '()' : `(:label=${label})`;
}

function countRelationshipKeys({ relationships }: Counts): number {
  let keys = 0;
  for (const sides of relationships.values()) keys += sides.size;
  return keys;
}
