import type { ByteWriter } from '../../base/byte-writer.ts';
import type { TokenRecord } from '../../store/token-record.ts';
import { corruptLog, INCOMPLETE, readI32 } from '../log-integer.ts';
import type { DynamicOwner, TokenKind, TransactionVisitor } from '../transaction-visitor.ts';
import { LABEL_TOKEN_COMMAND, PROPERTY_KEY_TOKEN_COMMAND, type TokenCommandType } from './command-types.ts';
import {
  type DynamicImage,
  decodeDynamicRecords,
  encodeDynamicRecords,
  skipDynamicRecords,
  visitDynamicRecords,
} from './dynamic-record-image.ts';
import { checkBoolean } from './record-flags.ts';

/**
 * Token commands (4 relationship type, 5 property key, 8 label; spec transaction-logs 3.6): `id:i32 image(before) image(after)`.
 * c = 4 for property keys, otherwise 0.
 *
 * | off | size | field of the image |
 * |---|---|---|
 * | 0 | 1 | in use, 0 or 1 |
 * | 1 | c | property count |
 * | 1+c | 4 | first record of the name, -1 = none |
 * | 5+c | | list of name records (UTF-8) |
 */
export interface TokenImage {
  inUse: boolean;
  /** Property keys only, otherwise 0. */
  propertyCount: number;
  nameId: number;
  nameRecords: DynamicImage[];
}

export interface TokenCommand {
  kind: 'token';
  token: TokenKind;
  id: number;
  before: TokenImage;
  after: TokenImage;
}

const NAME_OWNERS: Record<TokenKind, DynamicOwner> = {
  label: 'labelNames',
  relationshipType: 'typeNames',
  propertyKey: 'keyNames',
};

function tokenKindOf(commandType: TokenCommandType): TokenKind {
  if (commandType === LABEL_TOKEN_COMMAND) return 'label';
  return commandType === PROPERTY_KEY_TOKEN_COMMAND ? 'propertyKey' : 'relationshipType';
}

function fieldBytesOf(kind: TokenKind): number {
  return kind === 'propertyKey' ? 9 : 5;
}

function skipTokenImage(buffer: Uint8Array, at: number, end: number, kind: TokenKind): number {
  const names = at + fieldBytesOf(kind);
  if (names > end) throw INCOMPLETE;
  checkBoolean(buffer, at);
  return skipDynamicRecords(buffer, names, end);
}

/** Legacy entries carry only the after-image. */
export function skipTokenCommand(
  buffer: Uint8Array,
  at: number,
  end: number,
  commandType: TokenCommandType,
  legacy: boolean,
): number {
  const kind = tokenKindOf(commandType);
  const next = skipTokenImage(buffer, at + 4, end, kind);
  return legacy ? next : skipTokenImage(buffer, next, end, kind);
}

export function visitTokenCommand(
  buffer: Uint8Array,
  at: number,
  end: number,
  commandType: TokenCommandType,
  visitor: TransactionVisitor,
  shift: number,
): number {
  const kind = tokenKindOf(commandType);
  const before = at + 4;
  const after = skipTokenImage(buffer, before, end, kind);
  const next = skipTokenImage(buffer, after, end, kind);
  visitor.token(kind, readTokenId(buffer, at), before + shift, after + shift, next + shift);
  const owner = NAME_OWNERS[kind];
  visitDynamicRecords(buffer, before + fieldBytesOf(kind), end, owner, true, visitor, shift);
  visitDynamicRecords(buffer, after + fieldBytesOf(kind), end, owner, false, visitor, shift);
  return next;
}

function readTokenId(buffer: Uint8Array, at: number): number {
  const id = readI32(buffer, at);
  if (id < 0) throw corruptLog('a token id is negative', at, id);
  return id;
}

/** Fills `record` (all but its id) from the image at `offset`. */
export function readTokenImage(kind: TokenKind, buffer: Uint8Array, offset: number, record: TokenRecord): TokenRecord {
  skipTokenImage(buffer, offset, buffer.length, kind);
  const isKey = kind === 'propertyKey';
  record.inUse = buffer[offset] === 1;
  record.propertyCount = isKey ? readI32(buffer, offset + 1) : 0;
  record.nameId = readI32(buffer, isKey ? offset + 5 : offset + 1);
  return record;
}

function decodeTokenImage(buffer: Uint8Array, at: number, end: number, kind: TokenKind): TokenImage {
  const names = at + fieldBytesOf(kind);
  return {
    inUse: buffer[at] === 1,
    propertyCount: kind === 'propertyKey' ? readI32(buffer, at + 1) : 0,
    nameId: readI32(buffer, names - 4),
    nameRecords: decodeDynamicRecords(buffer, names, end),
  };
}

export function decodeTokenCommand(
  buffer: Uint8Array,
  at: number,
  end: number,
  commandType: TokenCommandType,
): TokenCommand {
  const kind = tokenKindOf(commandType);
  return {
    kind: 'token',
    token: kind,
    id: readTokenId(buffer, at),
    before: decodeTokenImage(buffer, at + 4, end, kind),
    after: decodeTokenImage(buffer, skipTokenImage(buffer, at + 4, end, kind), end, kind),
  };
}

export function encodeTokenCommand(writer: ByteWriter, command: TokenCommand): void {
  writer.i32(command.id);
  for (const image of [command.before, command.after]) {
    writer.u8(image.inUse ? 1 : 0);
    if (command.token === 'propertyKey') writer.i32(image.propertyCount);
    writer.i32(image.nameId);
    encodeDynamicRecords(writer, image.nameRecords);
  }
}
