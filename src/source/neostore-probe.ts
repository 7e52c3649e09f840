import { readI64 } from '../base/byte-reader.ts';
import { type ErrorPlace, GraphkeepError } from '../base/errors.ts';
import { formatStoreId, type StoreIdentity } from '../store/store-id.ts';

const RECORD_SIZE = 9;
/** Records 0 and 1: creation time and random number (spec 15.3). */
const PROBE_SIZE = 2 * RECORD_SIZE;

/** Keeps the first records of the file `neostore` as it passes by, to tell whether files and store id of a copy belong together. */
export class NeostoreProbe {
  private readonly start = Buffer.alloc(PROBE_SIZE);
  private filled = 0;
  private isInNeostore = false;

  beginFile(name: string): void {
    this.isInNeostore = name === 'neostore';
    if (this.isInNeostore) this.filled = 0;
  }

  fileBytes(chunk: Buffer): void {
    if (!this.isInNeostore || this.filled === PROBE_SIZE) return;
    this.filled += chunk.copy(this.start, this.filled, 0, PROBE_SIZE - this.filled);
  }

  /** Throws `peer.protocol` unless a `neostore` with that id has passed by. */
  requireStoreId(id: StoreIdentity, place: ErrorPlace): void {
    const refuse = (message: string, observed: string) =>
      new GraphkeepError('peer.protocol', message, { place, observed });
    if (this.filled < PROBE_SIZE) throw refuse('the copy has no usable file neostore', `${this.filled} bytes`);
    const inUse = this.start[0] === 1 && this.start[RECORD_SIZE] === 1;
    const creationTime = readI64(this.start, 1);
    const randomId = this.start.readBigInt64BE(RECORD_SIZE + 1);
    if (inUse && creationTime === id.creationTime && randomId === id.randomId) return;
    const found = inUse ? formatStoreId({ ...id, creationTime, randomId }) : 'no store id';
    throw refuse(
      'the files of the copy do not belong to the store id of the answer',
      `${found} in neostore, ${formatStoreId(id)} in the answer`,
    );
  }
}
