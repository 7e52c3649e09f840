/** Errors mean wrong query results or unreachable data; mere waste of space is a warning. */
export type Severity = 'error' | 'warning';

/** One kind of finding. `both`: the checker of Neo4j 3.4/3.5 has it too, with this severity. `ours`: that checker accepts such stores. */
export interface CheckKindDescription {
  readonly severity: Severity;
  /** First line of a report entry. */
  readonly message: string;
  readonly origin: 'both' | 'ours';
}

function both<S extends Severity>(message: string, severity: S = 'error' as S): CheckKindDescription {
  return { severity, message, origin: 'both' };
}

function ours(severity: Severity, message: string): CheckKindDescription {
  return { severity, message, origin: 'ours' };
}

/**
 * Every kind of finding (spec consistency-check 3): severity and message. Kinds of the real checker keep its severity. Our own are errors
 * if queries give wrong results, data cannot be reached or a server does not start; otherwise warnings.
 */
export const checkKinds = {
  // any record
  checkerException: both('Failed to check record'),
  'record.unreadable': ours('error', 'The record cannot be read.'),
  'record.aboveHighId': ours(
    'error',
    'The record is in use, but its id was never handed out; a server does not see it and will overwrite it.',
  ),
  'record.idIsFree': ours(
    'error',
    'The record is in use, but its id is in the list of free ids; a server will overwrite it.',
  ),
  'record.trailingBytes': ours('warning', 'The file ends with a part of a record that is not empty.'),

  // nodes and relationships
  'primitive.propertyNotInUse': both('The referenced property record is not in use.'),
  'primitive.propertyNotFirstInChain': both('The referenced property record is not the first in its property chain.'),
  'primitive.propertyKeyNotUniqueInChain': both(
    'The property chain contains multiple properties that have the same property key id, which is not allowed.',
  ),
  'primitive.propertyChainContainsCircularReference': both(
    'The property record points to a previous record in the chain, making it a circular reference.',
  ),
  'primitive.missingMandatoryProperty': both(
    'The property chain does not contain a property that is mandatory for this entity.',
  ),
  'primitive.multipleOwners': both('The referenced property is owned by another entity.'),

  // nodes
  'node.relationshipNotInUse': both('The referenced relationship record is not in use.'),
  'node.relationshipForOtherNode': both(
    'The referenced relationship record is a relationship between two other nodes.',
  ),
  'node.relationshipNotFirstInSourceChain': both(
    'The referenced relationship record is not the first in the relationship chain where this node is source.',
  ),
  'node.relationshipNotFirstInTargetChain': both(
    'The referenced relationship record is not the first in the relationship chain where this node is target.',
  ),
  'node.relationshipGroupNotInUse': both('The referenced relationship group record is not in use.'),
  'node.relationshipGroupHasOtherOwner': both('The first relationship group record has another node set as owner.'),
  'node.labelNotInUse': both('The label token record referenced from a node record is not in use.'),
  'node.labelsOutOfOrder': both('The label id array is not ordered'),
  'node.labelDuplicate': both('The label token record is referenced twice from the same node.'),
  'node.dynamicLabelRecordNotInUse': both('The dynamic label record is not in use.'),
  'node.dynamicRecordChainCycle': both(
    'This record points to a next record that was already part of this dynamic record chain.',
  ),
  'node.dynamicLabelRecordNotFirst': ours('error', 'The dynamic label record is not the first of its chain.'),
  'node.dynamicLabelsOfOtherNode': ours('error', 'The dynamic labels of this node belong to another node.'),
  'node.labelsUnreadable': ours('error', 'The dynamic labels of this node cannot be read.'),
  'node.notIndexed': both('This node was not found in the expected index.'),
  'node.uniqueIndexNotUnique': both('There is another node in the unique index with the same property value(s).'),

  // relationships
  'relationship.relationshipTypeNotInUse': both('The relationship type record is not in use.'),
  'relationship.sourceNodeNotInUse': both('The source node is not in use.'),
  'relationship.targetNodeNotInUse': both('The target node is not in use.'),
  'relationship.sourceNodeDoesNotReferenceBack': both(
    'This record should be the first in the source chain, but the source node does not reference this record.',
  ),
  'relationship.targetNodeDoesNotReferenceBack': both(
    'This record should be the first in the target chain, but the target node does not reference this record.',
  ),
  'relationship.sourceNodeHasNoRelationships': both('The source node does not have a relationship chain.'),
  'relationship.targetNodeHasNoRelationships': both('The target node does not have a relationship chain.'),
  'relationship.sourcePrevReferencesOtherNodes': both(
    'The previous record in the source chain is a relationship between two other nodes.',
  ),
  'relationship.sourceNextReferencesOtherNodes': both(
    'The next record in the source chain is a relationship between two other nodes.',
  ),
  'relationship.targetPrevReferencesOtherNodes': both(
    'The previous record in the target chain is a relationship between two other nodes.',
  ),
  'relationship.targetNextReferencesOtherNodes': both(
    'The next record in the target chain is a relationship between two other nodes.',
  ),
  'relationship.sourcePrevDoesNotReferenceBack': both(
    'The previous record in the source chain does not have this record as its next record.',
  ),
  'relationship.sourceNextDoesNotReferenceBack': both(
    'The next record in the source chain does not have this record as its previous record.',
  ),
  'relationship.targetPrevDoesNotReferenceBack': both(
    'The previous record in the target chain does not have this record as its next record.',
  ),
  'relationship.targetNextDoesNotReferenceBack': both(
    'The next record in the target chain does not have this record as its previous record.',
  ),
  'relationship.notUsedRelationshipReferencedInChain': both(
    'The relationship record is not in use, but referenced from relationships chain.',
  ),
  'relationship.sourceGroupDoesNotReferenceBack': ours(
    'error',
    'This record should be the first in the source chain, but no relationship group of the source node references it.',
  ),
  'relationship.targetGroupDoesNotReferenceBack': ours(
    'error',
    'This record should be the first in the target chain, but no relationship group of the target node references it.',
  ),
  'relationship.sourceHasNoPrev': ours(
    'error',
    'This record has no previous record in the source chain, but is not the first.',
  ),
  'relationship.targetHasNoPrev': ours(
    'error',
    'This record has no previous record in the target chain, but is not the first.',
  ),
  'relationship.sourceNextInOtherChain': ours(
    'error',
    'The next record in the source chain has another type or direction than the chain.',
  ),
  'relationship.targetNextInOtherChain': ours(
    'error',
    'The next record in the target chain has another type or direction than the chain.',
  ),
  'relationship.loopChainsDiffer': ours('error', 'The source and the target chain of this loop are not the same.'),
  'relationship.detachedCycle': ours(
    'error',
    'The chain of this record is a cycle that cannot be reached from the node.',
  ),
  // A warning: 3.4.9 itself leaves such lengths when transactions write to a dense node concurrently. Unreachable data has its own kinds.
  'relationship.chainLengthWrong': ours(
    'warning',
    'The first record of this chain holds another length than the chain has.',
  ),

  // relationship groups
  'group.relationshipTypeNotInUse': both('The relationship type record is not in use.'),
  'group.nextGroupNotInUse': both('The next relationship group is not in use.'),
  'group.invalidTypeSortOrder': both(
    'The location of group in the chain is invalid, should be sorted by type ascending.',
  ),
  'group.nextHasOtherOwner': both('Next chained relationship group has another owner.'),
  'group.ownerNotInUse': both('The owner of the relationship group is not in use.'),
  'group.illegalOwner': both('Illegal owner value.'),
  'group.firstOutgoingRelationshipNotInUse': both('The first outgoing relationship is not in use.'),
  'group.firstIncomingRelationshipNotInUse': both('The first incoming relationship is not in use.'),
  'group.firstLoopRelationshipNotInUse': both('The first loop relationship is not in use.'),
  'group.firstOutgoingRelationshipNotFirstInChain': both(
    'The first outgoing relationship is not the first in its chain.',
  ),
  'group.firstIncomingRelationshipNotFirstInChain': both(
    'The first incoming relationship is not the first in its chain.',
  ),
  'group.firstLoopRelationshipNotFirstInChain': both('The first loop relationship is not the first in its chain.'),
  'group.firstOutgoingRelationshipOfOfOtherType': both(
    'The first outgoing relationship is of a different type than its group.',
  ),
  'group.firstIncomingRelationshipOfOfOtherType': both(
    'The first incoming relationship is of a different type than its group.',
  ),
  'group.firstLoopRelationshipOfOfOtherType': both(
    'The first loop relationship is of a different type than its group.',
  ),
  'group.firstOutgoingRelationshipOfOtherNode': ours(
    'error',
    'The first outgoing relationship does not start at the owner of the group.',
  ),
  'group.firstIncomingRelationshipOfOtherNode': ours(
    'error',
    'The first incoming relationship does not end at the owner of the group.',
  ),
  'group.firstLoopRelationshipOfOtherNode': ours(
    'error',
    'The first loop relationship is not a loop at the owner of the group.',
  ),
  'group.notInChainOfOwner': ours('error', 'The group cannot be reached from the node that owns it.'),
  'group.empty': ours('warning', 'The group has no relationships.'),

  // properties
  'property.keyNotInUse': both('The key for this property is not in use.'),
  'property.prevNotInUse': both('The previous property record is not in use.'),
  'property.nextNotInUse': both('The next property record is not in use.'),
  'property.previousDoesNotReferenceBack': both(
    'The previous property record does not have this record as its next record.',
  ),
  'property.nextDoesNotReferenceBack': both(
    'The next property record does not have this record as its previous record.',
  ),
  'property.stringNotInUse': both('The string block is not in use.'),
  'property.arrayNotInUse': both('The array block is not in use.'),
  'property.stringEmpty': both('The string block is empty.'),
  'property.arrayEmpty': both('The array block is empty.'),
  'property.stringNotFirstInChain': ours('error', 'The string block is not the first of its chain.'),
  'property.arrayNotFirstInChain': ours('error', 'The array block is not the first of its chain.'),
  'property.valueUnreadable': ours('error', 'A value of this property record cannot be read.'),
  'property.orphanPropertyChain': ours(
    'warning',
    'The property chain that begins here belongs to no node and no relationship.',
  ),
  'property.orphanRecordFaulty': ours(
    'warning',
    'This property record, to which no node and no relationship leads, has a fault.',
  ),
  'property.detachedCycle': ours('warning', 'The property chain of this record is a cycle without a beginning.'),

  // dynamic records
  'dynamic.nextNotInUse': both('The next block is not in use.'),
  'dynamic.selfReferentialNext': both('The next block references this (the same) record.'),
  'dynamic.recordNotFullReferencesNext': both('The record is not full, but references a next block.', 'warning'),
  'dynamic.emptyBlock': both('The block is empty.', 'warning'),
  'dynamic.emptyNextBlock': both('The next block is empty.', 'warning'),
  'dynamicLabel.orphanDynamicLabelRecord': both('This label record is not referenced by any other node label record.'),
  'dynamicLabel.orphanDynamicLabelRecordDueToInvalidOwner': both(
    'This label record is not referenced by its owning node record or that record is not in use.',
  ),
  'dynamicLabel.ownerHasNoDynamicLabels': ours(
    'warning',
    'The node that owns this label record has no dynamic labels.',
  ),
  'dynamic.arrayUnreadable': ours('error', 'The array that begins in this block cannot be read.'),
  'dynamic.nextIsFirst': ours('error', 'The next block is marked as the first of a chain.'),
  'dynamic.multipleOwners': ours('error', 'This block is referenced more than once.'),
  'dynamic.orphanDynamicRecord': ours('warning', 'This block is not referenced by any record.'),
  'dynamic.detachedCycle': ours('warning', 'The chain of this block is a cycle without a beginning.'),

  // tokens
  'name.nameBlockNotInUse': both('The name block is not in use.'),
  'name.emptyName': both('The token name is empty. Empty token names are discouraged.', 'warning'),
  'name.duplicateName': ours('error', 'Another token has the same name; a server of 3.5 does not start.'),

  // schema rules
  'schema.malformedSchemaRule': both(
    'The schema rule contained in the DynamicRecord chain is malformed (not deserializable)',
  ),
  'schema.labelNotInUse': both('The label token record referenced from the schema is not in use.'),
  'schema.relationshipTypeNotInUse': both(
    'The relationship type token record referenced from the schema is not in use.',
  ),
  'schema.propertyKeyNotInUse': both('The property key token record is not in use.'),
  'schema.duplicateRuleContent': both(
    'This record contains a schema rule which has the same content as the schema rule contained in the record given as parameter.',
  ),
  'schema.duplicateObligation': both(
    'This record is required to reference some other record of the given kind but there already was such a conflicting obligation.',
  ),
  'schema.missingObligation': both(
    'This record is required to reference some other record of the given kind but no such obligation was found.',
  ),
  'schema.uniquenessConstraintNotReferencingBack': both(
    'The uniqueness constraint does not reference back to the given record',
  ),
  'schema.constraintIndexRuleNotReferencingBack': both(
    'The constraint index does not reference back to the given record',
  ),
  'schema.schemaRuleNotOnline': both(
    'The schema rule contained in the DynamicRecord chain has a reference to a schema rule that is not online.',
    'warning',
  ),
  'schema.unknownIndexProvider': ours('error', 'The index rule names a provider that no server has.'),

  // label scan store
  'labelScan.nodeNotInUse': both('This label scan document refers to a node record that is not in use.'),
  'labelScan.nodeDoesNotHaveExpectedLabel': both(
    'This label scan document refers to a node that does not have the expected label.',
  ),
  'labelScan.nodeLabelNotInIndex': both(
    'This node record has a label that is not found in the label scan store entry for this node',
  ),
  'labelScan.dirtyIndex': both('Label index was not properly shutdown and rebuild is required.', 'warning'),
  'labelScan.needsRebuild': ours('warning', 'The label scan store is marked to be rebuilt by the server.'),
  'labelScan.missing': ours('error', 'The label scan store is missing; the server rebuilds it at its next start.'),
  'labelScan.unreadable': ours('error', 'The label scan store cannot be read.'),

  // schema indexes
  'index.nodeNotInUse': both('This index entry refers to a node record that is not in use.'),
  'index.nodeDoesNotHaveExpectedLabel': both(
    'This index entry refers to a node that does not have the expected label.',
  ),
  'index.dirtyIndex': both('Index was not properly shutdown and rebuild is required.', 'warning'),
  'index.staleEntry': ours('error', 'This index entry has values that its node does not have.'),
  'index.entryInOtherForm': ours(
    'warning',
    'This index entry has the values of its node, but not as the server writes them.',
  ),
  'index.entryUnreadable': ours('error', 'This index entry has the values of its node, but a server cannot read it.'),
  'index.duplicateEntry': ours('error', 'This index entry is in the index twice.'),
  'index.unreadable': ours('error', 'The index file cannot be read; a server may not start with it.'),
  'index.folderWithoutRule': ours('warning', 'The index folder belongs to no schema rule.'),
  indexStructure: both('Index inconsistency'),
  'indexStructure.leakedPage': ours('warning', 'Index inconsistency: a page is neither used nor free.'),

  // counts store
  'counts.inconsistentNodeCount': both('The node count does not correspond with the expected count.'),
  'counts.inconsistentRelationshipCount': both('The relationship count does not correspond with the expected count.'),
  'counts.inconsistentNumberOfNodeKeys': both(
    'The node key entries in the store does not correspond with the expected number.',
  ),
  'counts.inconsistentNumberOfRelationshipKeys': both(
    'The relationship key entries in the store does not correspond with the expected number.',
  ),
  countsStoreUnusable: both(
    'Counts store is missing, broken or of an older format and will not be consistency checked',
  ),
} as const satisfies Record<string, CheckKindDescription>;

export type CheckKind = keyof typeof checkKinds;

export function describeKind(kind: CheckKind): CheckKindDescription {
  return checkKinds[kind];
}
