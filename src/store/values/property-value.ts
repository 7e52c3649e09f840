/**
 * A property value with its exact stored type. Numbers that need 64 bits are bigint; floating point values are their raw IEEE bits,
 * so that NaN payloads and negative zero survive.
 */
export type ScalarValue =
  | { type: 'boolean'; value: boolean }
  | { type: 'byte' | 'short' | 'int'; value: number }
  /** UTF-16 code unit. */
  | { type: 'char'; value: number }
  | { type: 'long'; value: bigint }
  /** Raw IEEE-754 single bits, unsigned. */
  | { type: 'float'; bits: number }
  /** Raw IEEE-754 double bits, unsigned. */
  | { type: 'double'; bits: bigint }
  | { type: 'string'; value: string }
  /** SRID (7203, 9157, 4326, 4979) and raw double bits of each coordinate. */
  | { type: 'point'; srid: number; coordinates: bigint[] }
  | { type: 'date'; epochDay: bigint }
  | { type: 'localtime'; nanoOfDay: bigint }
  /** Local nano of day and offset. */
  | { type: 'time'; localNanoOfDay: bigint; offsetSeconds: number }
  | { type: 'localdatetime'; epochSecond: bigint; nanoOfSecond: number }
  /** UTC second; exactly one of offset and zone. `zone` is the number of the zone table. */
  | { type: 'datetime'; epochSecond: bigint; nanoOfSecond: number; offsetSeconds?: number; zone?: number }
  | { type: 'duration'; months: bigint; days: bigint; seconds: bigint; nanos: number };

export type ScalarType = ScalarValue['type'];

export interface ArrayValue {
  type: 'array';
  of: ScalarType;
  elements: ScalarValue[];
}

export type PropertyValue = ScalarValue | ArrayValue;
