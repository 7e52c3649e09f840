import { GraphkeepError } from '../../base/errors.ts';
import {
  BLOCK_BYTES,
  blockTypes,
  readBlockCount,
  readBlockKey,
  readBlockReference,
  readBlockType,
} from '../records/property-block-layout.ts';
import type { PropertyRecord } from '../records/property-record.ts';
import { NULL_REFERENCE } from '../records/record-codec.ts';
import { type DynamicValues, decodeValue } from './property-blocks.ts';
import type { PropertyValue } from './property-value.ts';

/** Reads record `id` of the property store; undefined beyond the end of the file. The next call may reuse the record. */
export type ReadProperty = (id: number) => PropertyRecord | undefined;

export interface KeyedValue {
  key: number;
  value: PropertyValue;
}

/**
 * Walks over the values of one property record without decoding them: key, type, position. Allocates nothing; reuse it.
 *
 *     cursor.open(record);
 *     while (cursor.next()) if (cursor.key === wanted) ...
 */
export class PropertyBlockCursor {
  key = 0;
  /** One of `blockTypes`. */
  type = 0;
  /** Number of blocks of the value, from {@link offset} in {@link blocks}. */
  count = 0;
  /** Byte offset of the first block. */
  offset = 0;
  blocks: Uint8Array = new Uint8Array(0);
  private end = 0;
  private recordId = 0;

  open(record: PropertyRecord): this {
    this.blocks = record.blocks;
    this.offset = 0;
    this.count = 0;
    this.end = record.blockCount * BLOCK_BYTES;
    this.recordId = record.id;
    return this;
  }

  /** Moves to the next value; false after the last. Throws `store.corrupt` for a value that runs past the end of the record. */
  next(): boolean {
    const at = this.offset + this.count * BLOCK_BYTES;
    if (at >= this.end) return false;
    const count = readBlockCount(this.blocks, at);
    if (count === 0 || at + count * BLOCK_BYTES > this.end) {
      throw new GraphkeepError(
        'store.corrupt',
        `property record ${this.recordId} holds a value that does not fit into it`,
        {
          observed: `block ${at / BLOCK_BYTES} of ${this.end / BLOCK_BYTES}, type ${readBlockType(this.blocks, at)}`,
        },
      );
    }
    this.offset = at;
    this.count = count;
    this.key = readBlockKey(this.blocks, at);
    this.type = readBlockType(this.blocks, at);
    return true;
  }

  /** First dynamic record of a string or array block, else -1. */
  get reference(): number {
    if (this.type !== blockTypes.string && this.type !== blockTypes.array) return NULL_REFERENCE;
    return readBlockReference(this.blocks, this.offset);
  }

  decode(values: DynamicValues): PropertyValue {
    return decodeValue(this.blocks, this.offset, values);
  }
}

/** The records of a property chain; throws `store.corrupt` at a gap or a cycle. */
export function* walkPropertyChain(firstId: number, readProperty: ReadProperty): Generator<PropertyRecord> {
  let turnAt = 1;
  let tortoise = NULL_REFERENCE;
  for (let id = firstId, steps = 0; id !== NULL_REFERENCE; steps++) {
    const record = readProperty(id);
    if (record === undefined || !record.inUse) throw brokenChain(firstId, id, 'is not in use');
    if (id === tortoise) throw brokenChain(firstId, id, 'is in it twice');
    if (steps === turnAt) {
      tortoise = id;
      turnAt *= 2;
    }
    id = record.next;
    yield record;
  }
}

/** All values of the chain from `firstId` (-1 = none), read with `readProperty`. */
export function* readPropertyChain(
  firstId: number,
  readProperty: ReadProperty,
  values: DynamicValues,
): Generator<KeyedValue> {
  const cursor = new PropertyBlockCursor();
  for (const record of walkPropertyChain(firstId, readProperty)) {
    const found: KeyedValue[] = [];
    cursor.open(record);
    while (cursor.next()) found.push({ key: cursor.key, value: cursor.decode(values) });
    yield* found;
  }
}

function brokenChain(firstId: number, id: number, what: string): GraphkeepError {
  return new GraphkeepError('store.corrupt', `the property chain from ${firstId} is broken: record ${id} ${what}`, {
    observed: id,
  });
}
