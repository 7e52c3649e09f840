export type TokenKind = 'label' | 'relationshipType' | 'propertyKey';

/** Label, relationship type and property key tokens; id = token id. */
export interface TokenRecord {
  id: number;
  inUse: boolean;
  /** Property keys only, otherwise 0. */
  propertyCount: number;
  /** First record of the name in the names store. */
  nameId: number;
}
