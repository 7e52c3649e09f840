export interface RelationshipGroupRecord {
  id: number;
  inUse: boolean;
  type: number;
  next: number;
  firstOut: number;
  firstIn: number;
  firstLoop: number;
  /** The dense node that owns the group. */
  owner: number;
  secondaryUnit: number;
  fixedReferences: boolean;
}
