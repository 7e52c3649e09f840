import { type StoreFile, type StoreKey, storeFile } from '../../store/files/store-files.ts';

/**
 * Small numbers for the record files that log commands write to: index of the net-change tables, and order of the write phase. One space =
 * one store file.
 */
export const RecordSpace = {
  node: 0,
  nodeLabels: 1,
  relationship: 2,
  relationshipGroup: 3,
  property: 4,
  propertyStrings: 5,
  propertyArrays: 6,
  label: 7,
  labelNames: 8,
  relationshipType: 9,
  relationshipTypeNames: 10,
  propertyKey: 11,
  propertyKeyNames: 12,
  schema: 13,
} as const satisfies Record<StoreKey, number>;

export type RecordSpace = (typeof RecordSpace)[keyof typeof RecordSpace];

export const recordSpaces = Object.values(RecordSpace);

const files = Object.entries(RecordSpace)
  .sort(([, a], [, b]) => a - b)
  .map(([key]) => storeFile(key as StoreKey));

export function fileOfSpace(space: RecordSpace): StoreFile {
  return files[space]!;
}
