import { encodeMetadata, METADATA_BYTES, newMetadata } from '../../../src/store/files/neostore-metadata.ts';
import type { StoreId } from '../../../src/store/files/store-id.ts';

/** The fields of a `neostore` file that belongs to this store. */
export function fakeNeostore(storeId: StoreId): Buffer {
  const metadata = newMetadata(storeId.storeVersion, storeId.creationTime, storeId.randomId);
  return encodeMetadata({ ...metadata, ...storeId }).subarray(0, METADATA_BYTES);
}
