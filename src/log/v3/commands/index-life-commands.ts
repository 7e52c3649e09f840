import { INCOMPLETE, readU16 } from '../fields/log-integer.ts';
import {
  decodeIndexTarget,
  encodeIndexHeader,
  explicitIndexKind,
  type IndexTarget,
  skipIndexHeader,
} from './index-command-header.ts';
import { decodeShortText, encodeShortText, skipShortText } from './index-text.ts';

/**
 * Commands for an explicit index as a whole (spec transaction-logs 3.10); their key id is 0
 *
 * | type | after the header |
 * |---|---|
 * | 14 IndexDelete | nothing |
 * | 15 IndexCreate | `count:u16`, count times key and value, each `length:u16 UTF-8` (the configuration) |
 */
export interface IndexDeleteCommand extends IndexTarget {
  kind: 'indexDelete';
}

export interface IndexCreateCommand extends IndexTarget {
  kind: 'indexCreate';
  configuration: { key: string; value: string }[];
}

export const indexDeleteCommand = explicitIndexKind<IndexDeleteCommand>({
  type: 14,
  kind: 'indexDelete',
  skip: skipIndexHeader,
  decode: (buffer, at) => ({ kind: 'indexDelete', ...decodeIndexTarget(buffer, at) }),
  encode: (writer, command) => encodeIndexHeader(writer, command),
});

export const indexCreateCommand = explicitIndexKind<IndexCreateCommand>({
  type: 15,
  kind: 'indexCreate',
  skip(buffer, at, end) {
    const countAt = skipIndexHeader(buffer, at, end);
    if (countAt + 2 > end) throw INCOMPLETE;
    let here = countAt + 2;
    for (let left = 2 * readU16(buffer, countAt); left > 0; left--) here = skipShortText(buffer, here, end);
    return here;
  },
  decode(buffer, at, end) {
    const countAt = skipIndexHeader(buffer, at, end);
    const configuration: { key: string; value: string }[] = [];
    let here = countAt + 2;
    for (let left = readU16(buffer, countAt); left > 0; left--) {
      const valueAt = skipShortText(buffer, here, end);
      configuration.push({ key: decodeShortText(buffer, here), value: decodeShortText(buffer, valueAt) });
      here = skipShortText(buffer, valueAt, end);
    }
    return { kind: 'indexCreate', ...decodeIndexTarget(buffer, at), configuration };
  },
  encode(writer, command) {
    encodeIndexHeader(writer, command);
    writer.u16(command.configuration.length);
    for (const { key, value } of command.configuration) {
      encodeShortText(writer, key);
      encodeShortText(writer, value);
    }
  },
});
