import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { TokenKind, TokenRecord } from '../../../store/records/token-record.ts';
import { corruptLog, INCOMPLETE, readI32 } from '../fields/log-integer.ts';
import type { DynamicOwner } from '../fields/transaction-visitor.ts';
import type { CommandKind } from './command-kind.ts';
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

function fieldBytesOf(kind: TokenKind): number {
  return kind === 'propertyKey' ? 9 : 5;
}

function skipTokenImage(buffer: Uint8Array, at: number, end: number, kind: TokenKind): number {
  const names = at + fieldBytesOf(kind);
  if (names > end) throw INCOMPLETE;
  checkBoolean(buffer, at);
  return skipDynamicRecords(buffer, names, end);
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

function kindOf(type: number, token: TokenKind): CommandKind<TokenCommand> {
  const fieldBytes = fieldBytesOf(token);
  const nameOwner = NAME_OWNERS[token];
  return {
    type,
    kind: 'token',
    holds: (command) => command.token === token,
    skip(buffer, at, end, { afterImageOnly }) {
      const next = skipTokenImage(buffer, at + 4, end, token);
      return afterImageOnly ? next : skipTokenImage(buffer, next, end, token);
    },
    visit(buffer, at, end, _form, visitor) {
      const before = at + 4;
      const after = skipTokenImage(buffer, before, end, token);
      const next = skipTokenImage(buffer, after, end, token);
      visitor.token(token, readTokenId(buffer, at), before, after, next);
      visitDynamicRecords(buffer, before + fieldBytes, end, nameOwner, true, visitor);
      visitDynamicRecords(buffer, after + fieldBytes, end, nameOwner, false, visitor);
      return next;
    },
    decode(buffer, at, end) {
      return {
        kind: 'token',
        token,
        id: readTokenId(buffer, at),
        before: decodeTokenImage(buffer, at + 4, end, token),
        after: decodeTokenImage(buffer, skipTokenImage(buffer, at + 4, end, token), end, token),
      };
    },
    encode(writer, command) {
      writer.i32(command.id);
      encodeTokenImage(writer, command.before, token);
      encodeTokenImage(writer, command.after, token);
    },
  };
}

function encodeTokenImage(writer: ByteWriter, image: TokenImage, kind: TokenKind): void {
  writer.u8(image.inUse ? 1 : 0);
  if (kind === 'propertyKey') writer.i32(image.propertyCount);
  writer.i32(image.nameId);
  encodeDynamicRecords(writer, image.nameRecords);
}

export const tokenCommands: readonly CommandKind<TokenCommand>[] = [
  kindOf(4, 'relationshipType'),
  kindOf(5, 'propertyKey'),
  kindOf(8, 'label'),
];
