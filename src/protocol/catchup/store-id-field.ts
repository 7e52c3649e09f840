import type { ByteWriter } from '../../base/byte-writer.ts';
import type { StoreId } from '../../store/files/store-id.ts';

/** The identity of a store in this protocol, without the store version (spec catchup-protocol 3). */
export type CatchupStoreId = Omit<StoreId, 'storeVersion'>;

/** Bytes of a store id after its flag. */
export const STORE_ID_BYTES = 32;

/**
 * | offset | type | field |
 * |---|---|---|
 * | 0 | u8 | 1; 0 = null, and nothing follows |
 * | 1 | i64 | creation time, ms |
 * | 9 | i64 | random number |
 * | 17 | i64 | upgrade time, ms |
 * | 25 | i64 | id of the upgrade transaction |
 */
export function encodeStoreId(id: CatchupStoreId | undefined, writer: ByteWriter): ByteWriter {
  if (id === undefined) return writer.u8(0);
  return writer.u8(1).i64(id.creationTime).bigI64(id.randomId).i64(id.upgradeTime).i64(id.upgradeTransactionId);
}
