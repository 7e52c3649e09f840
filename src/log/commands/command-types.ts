/** Command types (spec transaction-logs 3); 18-20 do not exist. */
export const NODE_COMMAND = 1;
export const PROPERTY_COMMAND = 2;
export const RELATIONSHIP_COMMAND = 3;
export const RELATIONSHIP_TYPE_TOKEN_COMMAND = 4;
export const PROPERTY_KEY_TOKEN_COMMAND = 5;
export const NEO_STORE_COMMAND = 6;
export const SCHEMA_RULE_COMMAND = 7;
export const LABEL_TOKEN_COMMAND = 8;
export const RELATIONSHIP_GROUP_COMMAND = 9;
export const INDEX_DEFINE_COMMAND = 10;
export const INDEX_ADD_NODE_COMMAND = 11;
export const INDEX_ADD_RELATIONSHIP_COMMAND = 12;
export const INDEX_REMOVE_COMMAND = 13;
export const INDEX_DELETE_COMMAND = 14;
export const INDEX_CREATE_COMMAND = 15;
export const RELATIONSHIP_COUNTS_COMMAND = 16;
export const NODE_COUNTS_COMMAND = 17;
/** A relationship group whose type needs more than 16 bits: late 3.5, high_limit stores only. */
export const WIDE_RELATIONSHIP_GROUP_COMMAND = 21;

export type TokenCommandType = 4 | 5 | 8;
export type RelationshipGroupCommandType = 9 | 21;
export type ExplicitIndexCommandType = 10 | 11 | 12 | 13 | 14 | 15;
