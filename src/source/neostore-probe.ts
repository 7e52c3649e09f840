import { type ErrorPlace, GraphkeepError, hasCode } from '../base/errors.ts';
import { decodeMetadata, METADATA_RECORD_BYTES, storeIdOf } from '../store/files/neostore-metadata.ts';
import { formatStoreId, relateStores, type StoreId, type StoreIdentity } from '../store/files/store-id.ts';

/** The records of the store id: creation time, random number, version, upgrade (spec 15.3). */
const ID_RECORDS = [0, 1, 4, 7, 8];
const PROBE_BYTES = (Math.max(...ID_RECORDS) + 1) * METADATA_RECORD_BYTES;

/** Keeps the first records of the file `neostore` as it passes by, to tell whether files and store id of a copy belong together. */
export class NeostoreProbe {
  private readonly start = Buffer.alloc(PROBE_BYTES);
  private filled = 0;
  private isInNeostore = false;

  beginFile(name: string): void {
    this.isInNeostore = name === 'neostore';
    if (this.isInNeostore) this.filled = 0;
  }

  fileBytes(chunk: Buffer): void {
    if (!this.isInNeostore || this.filled === PROBE_BYTES) return;
    this.filled += chunk.copy(this.start, this.filled, 0, PROBE_BYTES - this.filled);
  }

  /** Throws `peer.protocol` unless a `neostore` with that id has passed by. */
  requireStoreId(id: StoreIdentity, place: ErrorPlace): void {
    const refuse = (message: string, observed: string) =>
      new GraphkeepError('peer.protocol', message, { place, observed });
    if (this.filled < PROBE_BYTES) throw refuse('the copy has no usable file neostore', `${this.filled} bytes`);
    const found = this.readStoreId();
    if (found !== undefined && relateStores(found, id) === 'same') return;
    throw refuse(
      'the files of the copy do not belong to the store id of the answer',
      `${found === undefined ? 'no store id' : formatStoreId(found)} in neostore, ${formatStoreId(id)} in the answer`,
    );
  }
  /** Undefined if `neostore` does not say it all: an absent number would match any. */
  private readStoreId(): StoreId | undefined {
    const isPresent = (record: number) => this.start[record * METADATA_RECORD_BYTES] === 1;
    if (!ID_RECORDS.every(isPresent)) return undefined;
    try {
      return storeIdOf(decodeMetadata(this.start));
    } catch (error) {
      if (hasCode(error, 'store.corrupt')) return undefined;
      throw error;
    }
  }
}
