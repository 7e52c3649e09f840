import {
  COUNTS_FILES,
  LABEL_SCAN_FILE,
  METADATA_FILE,
  type StoreKey,
  storeFileByName,
} from '../../store/files/store-files.ts';

/** Types of records in the summary of a report, in its order (spec consistency-check 2). */
export const summaryTypes = [
  'NEO_STORE',
  'SCHEMA',
  'NODE',
  'PROPERTY',
  'PROPERTY_KEY',
  'PROPERTY_KEY_NAME',
  'STRING_PROPERTY',
  'ARRAY_PROPERTY',
  'RELATIONSHIP',
  'RELATIONSHIP_TYPE',
  'RELATIONSHIP_TYPE_NAME',
  'RELATIONSHIP_GROUP',
  'LABEL',
  'LABEL_NAME',
  'NODE_DYNAMIC_LABEL',
  'LABEL_SCAN_DOCUMENT',
  'INDEX',
  'COUNTS',
] as const;

export type SummaryType = (typeof summaryTypes)[number];

const byStore: Record<StoreKey, SummaryType> = {
  node: 'NODE',
  nodeLabels: 'NODE_DYNAMIC_LABEL',
  relationship: 'RELATIONSHIP',
  relationshipGroup: 'RELATIONSHIP_GROUP',
  relationshipType: 'RELATIONSHIP_TYPE',
  relationshipTypeNames: 'RELATIONSHIP_TYPE_NAME',
  label: 'LABEL',
  labelNames: 'LABEL_NAME',
  property: 'PROPERTY',
  propertyStrings: 'STRING_PROPERTY',
  propertyArrays: 'ARRAY_PROPERTY',
  propertyKey: 'PROPERTY_KEY',
  propertyKeyNames: 'PROPERTY_KEY_NAME',
  schema: 'SCHEMA',
};

/** The summary type of a finding about this file, given relative to the store directory; undefined if the summary has no line for it. */
export function summaryTypeOf(file: string): SummaryType | undefined {
  const store = storeFileByName(file);
  if (store !== undefined) return byStore[store.key];
  if (file === METADATA_FILE) return 'NEO_STORE';
  if (file === LABEL_SCAN_FILE) return 'LABEL_SCAN_DOCUMENT';
  if ((COUNTS_FILES as readonly string[]).includes(file)) return 'COUNTS';
  return file.startsWith('schema/index/') ? 'INDEX' : undefined;
}
