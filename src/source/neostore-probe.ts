import { type ErrorPlace, GraphkeepError } from '../base/errors.ts';
import { readStoreId, STORE_ID_BYTES } from '../store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../store/files/store-files.ts';
import { formatStoreId, relateStores, type StoreIdentity } from '../store/files/store-id.ts';

/** Keeps the first records of the file `neostore` as it passes through, to tell whether files and store id of a copy belong together. */
export class NeostoreProbe {
  private readonly start = Buffer.alloc(STORE_ID_BYTES);
  private filled = 0;
  private isInNeostore = false;

  beginFile(name: string): void {
    this.isInNeostore = name === METADATA_FILE;
    if (this.isInNeostore) this.filled = 0;
  }

  fileBytes(chunk: Buffer): void {
    if (!this.isInNeostore || this.filled === STORE_ID_BYTES) return;
    this.filled += chunk.copy(this.start, this.filled, 0, STORE_ID_BYTES - this.filled);
  }

  /** Throws `peer.protocol` unless a `neostore` with that id has passed through. */
  requireStoreId(id: StoreIdentity, place: ErrorPlace): void {
    const refuse = (message: string, observed: string) =>
      new GraphkeepError('peer.protocol', message, { place, observed });
    if (this.filled < STORE_ID_BYTES) throw refuse('the copy has no usable file neostore', `${this.filled} bytes`);
    // Undefined if `neostore` is incomplete: an absent number would match any.
    const found = readStoreId(this.start);
    if (found !== undefined && relateStores(found, id) === 'same') return;
    throw refuse(
      'the files of the copy do not belong to the store id of the answer',
      `${found === undefined ? 'no store id' : formatStoreId(found)} in neostore, ${formatStoreId(id)} in the answer`,
    );
  }
}
