import type { ByteWriter } from '../../base/byte-writer.ts';
import { INCOMPLETE, readU16 } from '../log-integer.ts';
import { encodeIndexHeader, skipIndexHeader } from './index-command-header.ts';
import { decodeShortText, encodeShortText, skipShortText } from './index-text.ts';

/**
 * IndexDefine command (type 10, spec transaction-logs 3.10): all-zero header, then two maps (index names, keys), each
 * `size:u16` and size times `length:u16 UTF-8 id:u16`. Entry versions -5 and -6 have a 1-byte size. The order within a map is
 * arbitrary and kept. It comes before every other index command of its transaction.
 */
export interface IndexDefineCommand {
  kind: 'indexDefine';
  names: IndexNameId[];
  keys: IndexNameId[];
}

export interface IndexNameId {
  name: string;
  id: number;
}

/** Whether maps of an entry of this version have a 1-byte size. */
export function hasShortMaps(entryVersion: number): boolean {
  return entryVersion === -5 || entryVersion === -6;
}

export function skipIndexDefineCommand(buffer: Uint8Array, at: number, end: number, shortMaps: boolean): number {
  return skipMap(buffer, skipMap(buffer, skipIndexHeader(buffer, at, end), end, shortMaps), end, shortMaps);
}

function skipMap(buffer: Uint8Array, at: number, end: number, short: boolean): number {
  let here = at + (short ? 1 : 2);
  if (here > end) throw INCOMPLETE;
  for (let left = short ? buffer[at]! : readU16(buffer, at); left > 0; left--) {
    here = skipShortText(buffer, here, end) + 2;
    if (here > end) throw INCOMPLETE;
  }
  return here;
}

export function decodeIndexDefineCommand(
  buffer: Uint8Array,
  at: number,
  end: number,
  shortMaps: boolean,
): IndexDefineCommand {
  const names = skipIndexHeader(buffer, at, end);
  return {
    kind: 'indexDefine',
    names: decodeMap(buffer, names, end, shortMaps),
    keys: decodeMap(buffer, skipMap(buffer, names, end, shortMaps), end, shortMaps),
  };
}

function decodeMap(buffer: Uint8Array, at: number, end: number, short: boolean): IndexNameId[] {
  const entries: IndexNameId[] = [];
  let here = at + (short ? 1 : 2);
  for (let left = short ? buffer[at]! : readU16(buffer, at); left > 0; left--) {
    const idAt = skipShortText(buffer, here, end);
    entries.push({ name: decodeShortText(buffer, here), id: readU16(buffer, idAt) });
    here = idAt + 2;
  }
  return entries;
}

export function encodeIndexDefineCommand(writer: ByteWriter, command: IndexDefineCommand): void {
  encodeIndexHeader(writer, { entity: 'node', index: 0, key: 0 });
  for (const map of [command.names, command.keys]) {
    writer.u16(map.length);
    for (const { name, id } of map) {
      encodeShortText(writer, name);
      writer.u16(id);
    }
  }
}
