import { type ByteReader, writeI64 } from '../../../base/byte-reader.ts';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { compareBytes, compareI64 } from '../../tree/page/byte-order.ts';
import type { TreeLayout } from '../../tree/page/layout.ts';
import type { PropertyValue } from '../../values/property-value.ts';
import { encodeUtf8 } from '../../values/short-string.ts';
import { readShortText } from '../../values/short-text.ts';
import type { IndexEntry, IndexKeyCodec } from './key-codec.ts';

/**
 * Texts of the `string-1.0` part (spec trees-and-indexes 12, layout USI). Order: text bytes, entity.
 *
 * | offset | type    | field       |
 * |--------|---------|-------------|
 * | 0      | i64     | entity id   |
 * | 8      | n bytes | text, UTF-8 |
 */
const TEXT_AT = 8;

export const textLayout: TreeLayout = {
  name: 'USI',
  number: 0,
  majorVersion: 0,
  minorVersion: 1,
  keys: 'dynamic',
  keyBytes: 0,
  valueBytes: 0,
  compare(a, aStart, aLength, b, bStart, bLength) {
    const text = compareBytes(a, aStart + TEXT_AT, aLength - TEXT_AT, b, bStart + TEXT_AT, bLength - TEXT_AT);
    return text !== 0 ? text : compareI64(a, aStart, b, bStart);
  },
};

export const textKey: IndexKeyCodec = {
  layout: textLayout,
  encode(entityId: number, values: readonly PropertyValue[]): Uint8Array | undefined {
    const value = values[0]!;
    if (values.length !== 1 || (value.type !== 'string' && value.type !== 'char')) return undefined;
    const text = value.type === 'string' ? encodeUtf8(value.value) : encodeUtf8(String.fromCharCode(value.value));
    return new ByteWriter(TEXT_AT + text.length).i64(entityId).bytes(text).view();
  },
  decode(reader: ByteReader): IndexEntry {
    const entityId = reader.i64();
    return { entityId, values: [{ type: 'string', value: reader.bytes(reader.remaining).toString('utf8') }] };
  },
};

/** `encode` for a short string in property blocks, into `key`. Returns its length; -1 for texts that must be decoded. */
export function writeTextKey(key: Uint8Array, entityId: number, blocks: Uint8Array, offset: number): number {
  writeI64(key, 0, entityId);
  return readShortText(blocks, offset, key, TEXT_AT);
}
