export interface RelationshipRecord {
  id: number;
  inUse: boolean;
  start: number;
  end: number;
  type: number;
  /** Previous relationship in the chain of the start node; the length of the chain if {@link firstInStart}. */
  startPrev: number;
  startNext: number;
  endPrev: number;
  endNext: number;
  nextProp: number;
  firstInStart: boolean;
  firstInEnd: boolean;
  secondaryUnit: number;
  fixedReferences: boolean;
}
