import type { ByteWriter } from '../../base/byte-writer.ts';
import { CURRENT_ENTRY_VERSION } from '../entries/entry-types.ts';
import { corruptLog } from '../log-integer.ts';
import * as types from './command-types.ts';
import * as counts from './counts-commands.ts';
import * as define from './index-define-command.ts';
import * as entry from './index-entry-commands.ts';
import * as life from './index-life-commands.ts';
import * as neoStore from './neo-store-command.ts';
import * as node from './node-command.ts';
import * as property from './property-command.ts';
import * as relationship from './relationship-command.ts';
import * as group from './relationship-group-command.ts';
import * as schemaRule from './schema-rule-command.ts';
import * as token from './token-command.ts';

/** One command of a transaction, fully decoded. Every one of them has its layout in a file of its own. */
export type LogCommand =
  | node.NodeCommand
  | property.PropertyCommand
  | relationship.RelationshipCommand
  | group.RelationshipGroupCommand
  | token.TokenCommand
  | neoStore.NeoStoreCommand
  | schemaRule.SchemaRuleCommand
  | counts.NodeCountsCommand
  | counts.RelationshipCountsCommand
  | define.IndexDefineCommand
  | entry.IndexAddNodeCommand
  | entry.IndexAddRelationshipCommand
  | entry.IndexRemoveCommand
  | life.IndexDeleteCommand
  | life.IndexCreateCommand;

export function unknownCommand(type: number, at: number): Error {
  return corruptLog('a command has a type that does not exist', at, type);
}

/** Type byte of a command. */
export function commandTypeOf(command: LogCommand): number {
  switch (command.kind) {
    case 'node':
      return types.NODE_COMMAND;
    case 'property':
      return types.PROPERTY_COMMAND;
    case 'relationship':
      return types.RELATIONSHIP_COMMAND;
    case 'relationshipGroup':
      return command.wide ? types.WIDE_RELATIONSHIP_GROUP_COMMAND : types.RELATIONSHIP_GROUP_COMMAND;
    case 'token':
      if (command.token === 'label') return types.LABEL_TOKEN_COMMAND;
      return command.token === 'propertyKey' ? types.PROPERTY_KEY_TOKEN_COMMAND : types.RELATIONSHIP_TYPE_TOKEN_COMMAND;
    case 'neoStore':
      return types.NEO_STORE_COMMAND;
    case 'schemaRule':
      return types.SCHEMA_RULE_COMMAND;
    case 'nodeCounts':
      return types.NODE_COUNTS_COMMAND;
    case 'relationshipCounts':
      return types.RELATIONSHIP_COUNTS_COMMAND;
    case 'indexDefine':
      return types.INDEX_DEFINE_COMMAND;
    case 'indexAddNode':
      return types.INDEX_ADD_NODE_COMMAND;
    case 'indexAddRelationship':
      return types.INDEX_ADD_RELATIONSHIP_COMMAND;
    case 'indexRemove':
      return types.INDEX_REMOVE_COMMAND;
    case 'indexDelete':
      return types.INDEX_DELETE_COMMAND;
    case 'indexCreate':
      return types.INDEX_CREATE_COMMAND;
  }
}

/**
 * Decodes the complete command whose type byte is at `at`. Everything is copied out of `buffer`. Made for inspection and tests;
 * replay uses the walker. Not for the legacy entry versions -5 and -8.
 */
export function decodeCommand(
  buffer: Uint8Array,
  at: number,
  end: number,
  entryVersion = CURRENT_ENTRY_VERSION,
): LogCommand {
  const type = buffer[at]!;
  const body = at + 1;
  switch (type) {
    case types.NODE_COMMAND:
      return node.decodeNodeCommand(buffer, body, end);
    case types.PROPERTY_COMMAND:
      return property.decodePropertyCommand(buffer, body, end);
    case types.RELATIONSHIP_COMMAND:
      return relationship.decodeRelationshipCommand(buffer, body, end);
    case types.RELATIONSHIP_TYPE_TOKEN_COMMAND:
    case types.PROPERTY_KEY_TOKEN_COMMAND:
    case types.LABEL_TOKEN_COMMAND:
      return token.decodeTokenCommand(buffer, body, end, type);
    case types.NEO_STORE_COMMAND:
      return neoStore.decodeNeoStoreCommand(buffer, body);
    case types.SCHEMA_RULE_COMMAND:
      return schemaRule.decodeSchemaRuleCommand(buffer, body, end);
    case types.RELATIONSHIP_GROUP_COMMAND:
    case types.WIDE_RELATIONSHIP_GROUP_COMMAND:
      return group.decodeRelationshipGroupCommand(buffer, body, end, type);
    case types.INDEX_DEFINE_COMMAND:
      return define.decodeIndexDefineCommand(buffer, body, end, define.hasShortMaps(entryVersion));
    case types.INDEX_ADD_NODE_COMMAND:
      return entry.decodeIndexAddNodeCommand(buffer, body);
    case types.INDEX_ADD_RELATIONSHIP_COMMAND:
      return entry.decodeIndexAddRelationshipCommand(buffer, body, end);
    case types.INDEX_REMOVE_COMMAND:
      return entry.decodeIndexRemoveCommand(buffer, body);
    case types.INDEX_DELETE_COMMAND:
      return life.decodeIndexDeleteCommand(buffer, body);
    case types.INDEX_CREATE_COMMAND:
      return life.decodeIndexCreateCommand(buffer, body, end);
    case types.RELATIONSHIP_COUNTS_COMMAND:
      return counts.decodeRelationshipCountsCommand(buffer, body);
    case types.NODE_COUNTS_COMMAND:
      return counts.decodeNodeCountsCommand(buffer, body);
    default:
      throw unknownCommand(type, at);
  }
}

/** Writes the type byte and the body of `command`, in the form of entry version -10. */
export function encodeCommand(writer: ByteWriter, command: LogCommand): void {
  writer.u8(commandTypeOf(command));
  switch (command.kind) {
    case 'node':
      node.encodeNodeCommand(writer, command);
      break;
    case 'property':
      property.encodePropertyCommand(writer, command);
      break;
    case 'relationship':
      relationship.encodeRelationshipCommand(writer, command);
      break;
    case 'relationshipGroup':
      group.encodeRelationshipGroupCommand(writer, command);
      break;
    case 'token':
      token.encodeTokenCommand(writer, command);
      break;
    case 'neoStore':
      neoStore.encodeNeoStoreCommand(writer, command);
      break;
    case 'schemaRule':
      schemaRule.encodeSchemaRuleCommand(writer, command);
      break;
    case 'nodeCounts':
      counts.encodeNodeCountsCommand(writer, command);
      break;
    case 'relationshipCounts':
      counts.encodeRelationshipCountsCommand(writer, command);
      break;
    case 'indexDefine':
      define.encodeIndexDefineCommand(writer, command);
      break;
    case 'indexAddNode':
    case 'indexRemove':
      entry.encodeIndexEntryCommand(writer, command);
      break;
    case 'indexAddRelationship':
      entry.encodeIndexAddRelationshipCommand(writer, command);
      break;
    case 'indexDelete':
      life.encodeIndexDeleteCommand(writer, command);
      break;
    case 'indexCreate':
      life.encodeIndexCreateCommand(writer, command);
      break;
  }
}
