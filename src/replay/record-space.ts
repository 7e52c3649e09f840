/**
 * The record files that log commands write to, as small numbers: key of the net-change tables and order of the write phase.
 * One space = one store file.
 */
export const RecordSpace = {
  node: 0,
  labels: 1,
  relationship: 2,
  group: 3,
  property: 4,
  strings: 5,
  arrays: 6,
  labelToken: 7,
  labelNames: 8,
  typeToken: 9,
  typeNames: 10,
  keyToken: 11,
  keyNames: 12,
  schema: 13,
} as const;

export type RecordSpace = (typeof RecordSpace)[keyof typeof RecordSpace];

export const RECORD_SPACE_COUNT = 14;
