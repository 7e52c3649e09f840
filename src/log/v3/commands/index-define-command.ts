import { INCOMPLETE, readU16 } from '../fields/log-integer.ts';
import { encodeIndexHeader, explicitIndexKind, skipIndexHeader } from './index-command-header.ts';
import { decodeShortText, encodeShortText, skipShortText } from './index-text.ts';

/**
 * IndexDefine command (type 10, spec transaction-logs 3.10): all-zero header, then two maps (index names, keys), each `size:u16` and size
 * times `length:u16 UTF-8 id:u16`. Old entries have a 1-byte size (`shortMaps`). The order within a map is arbitrary and preserved. This
 * command precedes every other index command of its transaction.
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

function skipMap(buffer: Uint8Array, at: number, end: number, short: boolean): number {
  let here = at + (short ? 1 : 2);
  if (here > end) throw INCOMPLETE;
  for (let left = short ? buffer[at]! : readU16(buffer, at); left > 0; left--) {
    here = skipShortText(buffer, here, end) + 2;
    if (here > end) throw INCOMPLETE;
  }
  return here;
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

export const indexDefineCommand = explicitIndexKind<IndexDefineCommand>({
  type: 10,
  kind: 'indexDefine',
  skip(buffer, at, end, { shortMaps }) {
    return skipMap(buffer, skipMap(buffer, skipIndexHeader(buffer, at, end), end, shortMaps), end, shortMaps);
  },
  decode(buffer, at, end, { shortMaps }) {
    const names = skipIndexHeader(buffer, at, end);
    return {
      kind: 'indexDefine',
      names: decodeMap(buffer, names, end, shortMaps),
      keys: decodeMap(buffer, skipMap(buffer, names, end, shortMaps), end, shortMaps),
    };
  },
  encode(writer, command) {
    encodeIndexHeader(writer, { entity: 'node', index: 0, key: 0 });
    for (const map of [command.names, command.keys]) {
      writer.u16(map.length);
      for (const { name, id } of map) {
        encodeShortText(writer, name);
        writer.u16(id);
      }
    }
  },
});
