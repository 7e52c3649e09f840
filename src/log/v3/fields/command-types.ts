/** Type bytes of commands that other files refer to; the command table has them all. */
export const RELATIONSHIP_GROUP_COMMAND = 9;
/** A relationship group whose type needs more than 16 bits: late 3.5, high_limit stores only. */
export const WIDE_RELATIONSHIP_GROUP_COMMAND = 21;

export type RelationshipGroupCommandType = 9 | 21;
export type ExplicitIndexCommandType = 10 | 11 | 12 | 13 | 14 | 15;
