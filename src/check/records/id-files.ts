import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { type IdFile, readIdFile } from '../../store/files/id-file.ts';
import { ID_FILE_SUFFIX, type StoreKey } from '../../store/files/store-files.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { RecordKind } from '../findings/record-texts.ts';
import { RecordFindings } from './record-findings.ts';
import { StoreRecords } from './store-records.ts';

const kinds: Partial<Record<StoreKey, RecordKind>> = {
  node: 'Node',
  relationship: 'Relationship',
  relationshipGroup: 'RelationshipGroup',
  property: 'Property',
  nodeLabels: 'DynamicRecord',
  propertyStrings: 'DynamicRecord',
  propertyArrays: 'DynamicRecord',
};

/**
 * Reports records in use that contradict the id files (spec record-stores 13): at or above the high id, or in the list of free ids.
 * Compares only id files that were closed; a server rebuilds all others. Ids above the high id are searched for only after it.
 */
export async function examineIdFiles(context: CheckContext): Promise<void> {
  for (const key of Object.keys(kinds) as StoreKey[]) {
    const records = new StoreRecords(context, key);
    const ids = readClosedIdFile(join(context.reader.directory, records.fileName + ID_FILE_SUFFIX));
    if (ids === undefined) continue;
    const findings = new RecordFindings(records, context.report);
    const text = (id: number) => `${kinds[key]}[${id},used=true]`;
    await records.scan(
      'id files',
      ({ id }) => findings.add('record.aboveHighId', id, text(id), [`high id ${ids.highId}`]),
      undefined,
      ids.highId,
    );
    const record = records.create();
    for (const id of ids.free) {
      if (id < ids.highId && records.load(id, record) !== undefined) findings.add('record.idIsFree', id, text(id));
    }
  }
}

function readClosedIdFile(path: string): IdFile | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const ids = readIdFile(path);
    return ids.clean ? ids : undefined;
  } catch (error) {
    // Whatever it is, a server rebuilds it: it contradicts nothing.
    if (error instanceof GraphkeepError) return undefined;
    throw error;
  }
}
