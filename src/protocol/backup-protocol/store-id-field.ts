import { readI64 } from '../../base/byte-reader.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';
import type { StoreId } from '../../store/files/store-id.ts';

/** Bytes of a store id in a response; there is no optional form (spec common-protocol 7). */
export const STORE_ID_SIZE = 40;

/**
 * | offset | type | field |
 * |---|---|---|
 * | 0 | i64 | creation time, ms |
 * | 8 | i64 | random number |
 * | 16 | i64 | store version |
 * | 24 | i64 | upgrade time, ms |
 * | 32 | i64 | id of the upgrade transaction |
 */
export function encodeStoreId(id: StoreId, writer: ByteWriter): void {
  writer.i64(id.creationTime).bigI64(id.randomId).bigI64(id.storeVersion);
  writer.i64(id.upgradeTime).i64(id.upgradeTransactionId);
}

/** Undefined if a time or the transaction id is beyond 2^53, which no server sends. */
export function decodeStoreId(buffer: Buffer, offset: number): StoreId | undefined {
  const id: StoreId = {
    creationTime: readI64(buffer, offset),
    randomId: buffer.readBigInt64BE(offset + 8),
    storeVersion: buffer.readBigInt64BE(offset + 16),
    upgradeTime: readI64(buffer, offset + 24),
    upgradeTransactionId: readI64(buffer, offset + 32),
  };
  const exact = [id.creationTime, id.upgradeTime, id.upgradeTransactionId].every(Number.isSafeInteger);
  return exact ? id : undefined;
}
