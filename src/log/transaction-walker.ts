import { GraphkeepError } from '../base/errors.ts';
import { unknownCommand } from './commands/command.ts';
import * as types from './commands/command-types.ts';
import {
  skipNodeCountsCommand,
  skipRelationshipCountsCommand,
  visitNodeCountsCommand,
  visitRelationshipCountsCommand,
} from './commands/counts-commands.ts';
import { hasShortMaps, skipIndexDefineCommand } from './commands/index-define-command.ts';
import { skipIndexAddRelationshipCommand, skipIndexEntryCommand } from './commands/index-entry-commands.ts';
import { skipIndexCreateCommand, skipIndexDeleteCommand } from './commands/index-life-commands.ts';
import { skipNeoStoreCommand, visitNeoStoreCommand } from './commands/neo-store-command.ts';
import { skipNodeCommand, visitNodeCommand } from './commands/node-command.ts';
import { skipPropertyCommand, visitPropertyCommand } from './commands/property-command.ts';
import { skipRelationshipCommand, visitRelationshipCommand } from './commands/relationship-command.ts';
import { skipRelationshipGroupCommand, visitRelationshipGroupCommand } from './commands/relationship-group-command.ts';
import { skipSchemaRuleCommand, visitSchemaRuleCommand } from './commands/schema-rule-command.ts';
import { skipTokenCommand, visitTokenCommand } from './commands/token-command.ts';
import { COMMIT_ENTRY_BYTES } from './entries/commit-entry.ts';
import {
  COMMAND_ENTRY,
  COMMIT_ENTRY,
  isKnownEntryVersion,
  isLegacyEntryVersion,
  START_ENTRY,
} from './entries/entry-types.ts';
import { skipStartEntry } from './entries/start-entry.ts';
import { corruptLog, INCOMPLETE } from './log-integer.ts';
import type { TransactionVisitor } from './transaction-visitor.ts';

/**
 * Walks over the command whose type byte is at `at`, allocating nothing; returns the offset behind it. Throws `INCOMPLETE` if the
 * window ends at `end` before the command does, `log.corrupt` with the offset in the window for damage. A zero byte before the
 * type, which servers skip but never write, is damage here.
 */
export function skipCommand(buffer: Uint8Array, at: number, end: number, entryVersion: number): number {
  if (at + 1 > end) throw INCOMPLETE;
  const type = buffer[at]!;
  const body = at + 1;
  switch (type) {
    case types.PROPERTY_COMMAND:
      return skipPropertyCommand(buffer, body, end);
    case types.NODE_COMMAND:
      return skipNodeCommand(buffer, body, end);
    case types.RELATIONSHIP_COMMAND:
      return skipRelationshipCommand(buffer, body, end, isLegacyEntryVersion(entryVersion));
    case types.RELATIONSHIP_GROUP_COMMAND:
    case types.WIDE_RELATIONSHIP_GROUP_COMMAND:
      return skipRelationshipGroupCommand(buffer, body, end, type, isLegacyEntryVersion(entryVersion));
    case types.RELATIONSHIP_TYPE_TOKEN_COMMAND:
    case types.PROPERTY_KEY_TOKEN_COMMAND:
    case types.LABEL_TOKEN_COMMAND:
      return skipTokenCommand(buffer, body, end, type, isLegacyEntryVersion(entryVersion));
    case types.NEO_STORE_COMMAND:
      return skipNeoStoreCommand(buffer, body, end, isLegacyEntryVersion(entryVersion));
    case types.SCHEMA_RULE_COMMAND:
      return skipSchemaRuleCommand(buffer, body, end);
    case types.RELATIONSHIP_COUNTS_COMMAND:
      return skipRelationshipCountsCommand(buffer, body, end);
    case types.NODE_COUNTS_COMMAND:
      return skipNodeCountsCommand(buffer, body, end);
    default:
      return skipExplicitIndexCommand(buffer, at, end, entryVersion);
  }
}

function skipExplicitIndexCommand(buffer: Uint8Array, at: number, end: number, entryVersion: number): number {
  const type = buffer[at]!;
  const body = at + 1;
  switch (type) {
    case types.INDEX_DEFINE_COMMAND:
      return skipIndexDefineCommand(buffer, body, end, hasShortMaps(entryVersion));
    case types.INDEX_ADD_NODE_COMMAND:
    case types.INDEX_REMOVE_COMMAND:
      return skipIndexEntryCommand(buffer, body, end);
    case types.INDEX_ADD_RELATIONSHIP_COMMAND:
      return skipIndexAddRelationshipCommand(buffer, body, end);
    case types.INDEX_DELETE_COMMAND:
      return skipIndexDeleteCommand(buffer, body, end);
    case types.INDEX_CREATE_COMMAND:
      return skipIndexCreateCommand(buffer, body, end);
    default:
      throw unknownCommand(type, at);
  }
}

/** As {@link skipCommand}, and tells `visitor` what the command holds. Legacy entry versions are refused with `store.format`. */
function visitCommand(
  buffer: Uint8Array,
  at: number,
  end: number,
  entryVersion: number,
  visitor: TransactionVisitor,
  shift: number,
): number {
  if (at + 1 > end) throw INCOMPLETE;
  if (isLegacyEntryVersion(entryVersion)) throw refuseLegacy(entryVersion, at);
  const type = buffer[at]!;
  const body = at + 1;
  switch (type) {
    case types.PROPERTY_COMMAND:
      return visitPropertyCommand(buffer, body, end, visitor, shift);
    case types.NODE_COMMAND:
      return visitNodeCommand(buffer, body, end, visitor, shift);
    case types.RELATIONSHIP_COMMAND:
      return visitRelationshipCommand(buffer, body, end, visitor, shift);
    case types.RELATIONSHIP_GROUP_COMMAND:
    case types.WIDE_RELATIONSHIP_GROUP_COMMAND:
      return visitRelationshipGroupCommand(buffer, body, end, type, visitor, shift);
    case types.RELATIONSHIP_TYPE_TOKEN_COMMAND:
    case types.PROPERTY_KEY_TOKEN_COMMAND:
    case types.LABEL_TOKEN_COMMAND:
      return visitTokenCommand(buffer, body, end, type, visitor, shift);
    case types.NEO_STORE_COMMAND:
      return visitNeoStoreCommand(buffer, body, end, visitor);
    case types.SCHEMA_RULE_COMMAND:
      return visitSchemaRuleCommand(buffer, body, end, visitor, shift);
    case types.RELATIONSHIP_COUNTS_COMMAND:
      return visitRelationshipCountsCommand(buffer, body, end, visitor);
    case types.NODE_COUNTS_COMMAND:
      return visitNodeCountsCommand(buffer, body, end, visitor);
    default: {
      const next = skipExplicitIndexCommand(buffer, at, end, entryVersion);
      visitor.explicitIndex(type as types.ExplicitIndexCommandType, body + shift, next + shift);
      return next;
    }
  }
}

function refuseLegacy(entryVersion: number, at: number): GraphkeepError {
  return new GraphkeepError('store.format', 'the transaction was written by Neo4j 2.3 and cannot be replayed', {
    observed: entryVersion,
    place: { offset: at },
  });
}

/**
 * Walks one complete transaction, `buffer[start, end)` from its Start to the end of its Commit entry, and tells `visitor` every
 * command. Allocates nothing. `shift` is added to every offset that the visitor gets: pass the file offset of the transaction
 * minus `start`. Throws `log.corrupt`, with the offset in the window, for anything that is not exactly one transaction.
 */
export function walkTransaction(
  buffer: Uint8Array,
  start: number,
  end: number,
  visitor: TransactionVisitor,
  shift = 0,
): void {
  try {
    let at = skipStart(buffer, start, end);
    for (;;) {
      if (at + 2 > end) throw INCOMPLETE;
      const version = checkEntryVersion(buffer, at);
      const type = buffer[at + 1]!;
      if (type !== COMMAND_ENTRY) break;
      at = visitCommand(buffer, at + 2, end, version, visitor, shift);
    }
    if (buffer[at + 1] !== COMMIT_ENTRY || at + COMMIT_ENTRY_BYTES !== end) {
      throw corruptLog('a transaction does not end with its commit entry', at, buffer[at + 1]!);
    }
  } catch (error) {
    if (error === INCOMPLETE) throw corruptLog('a transaction ends inside an entry', end);
    throw error;
  }
}

function skipStart(buffer: Uint8Array, start: number, end: number): number {
  if (start + 2 > end) throw INCOMPLETE;
  checkEntryVersion(buffer, start);
  if (buffer[start + 1] !== START_ENTRY) {
    throw corruptLog('a transaction does not begin with a start entry', start, buffer[start + 1]!);
  }
  return skipStartEntry(buffer, start, end);
}

/** The version byte of the entry at `at`; `log.corrupt` if no server wrote it. */
export function checkEntryVersion(buffer: Uint8Array, at: number): number {
  const version = (buffer[at]! << 24) >> 24;
  if (!isKnownEntryVersion(version)) throw corruptLog('an entry has a version that does not exist', at, version);
  return version;
}
