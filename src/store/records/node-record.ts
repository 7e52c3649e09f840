export interface NodeRecord {
  id: number;
  inUse: boolean;
  dense: boolean;
  /** First relationship, or first relationship group if dense. */
  nextRel: number;
  nextProp: number;
  /** The 40-bit label field (record-stores spec 9) as an unsigned number. */
  labelField: number;
  /** high_limit: id of the second unit, -1 = none. */
  secondaryUnit: number;
  /** high_limit: stored in the fixed form. */
  fixedReferences: boolean;
}
