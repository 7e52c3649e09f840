export interface DynamicRecord {
  id: number;
  inUse: boolean;
  /** First record of its chain. */
  first: boolean;
  next: number;
  /** Data bytes of this record, a view into the buffer it was decoded from. */
  data: Uint8Array;
}
