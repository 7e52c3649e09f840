import { constants, createInflate, type Inflate } from 'node:zlib';
import { GraphkeepError } from '../../../base/errors.ts';
import { MAX_DECOMPRESSED_BYTES } from './compression-limits.ts';

/** A header for a window of 32 KiB (RFC 1950). */
const header = Buffer.from([0x78, 0x01]);

/** Largest data of a stored block (RFC 1951). */
const MAX_STORED = 0xffff;

/** Encodes requests as stored blocks, each of which ends at a byte boundary; compression would not make small ones smaller. */
export class ZlibEncoder {
  private hasBegun = false;

  encode(bytes: Buffer): Buffer {
    const parts: Buffer[] = this.hasBegun ? [] : [header];
    this.hasBegun = true;
    for (let at = 0; at < bytes.length; at += MAX_STORED) {
      const data = bytes.subarray(at, at + MAX_STORED);
      const head = Buffer.alloc(5);
      head.writeUInt16LE(data.length, 1);
      head.writeUInt16LE(~data.length & 0xffff, 3);
      parts.push(head, data);
    }
    return Buffer.concat(parts);
  }
}

/** Inflates the one stream of a connection, which is flushed after every request (spec catchup-protocol 6). */
export class ZlibDecoder {
  private readonly inflate: Inflate = createInflate({ flush: constants.Z_SYNC_FLUSH });
  private readonly peer: string;
  private offset: number;
  private plain: Buffer[] = [];
  private size = 0;
  private reject: ((error: unknown) => void) | undefined;
  private failure: unknown;

  /** `offset`: bytes of the connection before this stream, for the places in errors. */
  constructor(peer: string, offset: number) {
    this.peer = peer;
    this.offset = offset;
    this.inflate.on('readable', () => this.drain());
    this.inflate.on('end', () => this.fail('the compressed requests have ended', 'the end of the zlib stream'));
    this.inflate.on('error', (error) => this.fail('compressed requests are damaged', error.message));
  }

  /** Everything that these bytes yield. Do not call it again before the promise is settled. */
  async decode(bytes: Buffer): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      if (this.failure !== undefined) {
        reject(this.failure);
        return;
      }
      this.reject = reject;
      this.inflate.write(bytes, () => {
        this.drain();
        resolve();
      });
    });
    this.reject = undefined;
    this.offset += bytes.length;
    const plain = Buffer.concat(this.plain);
    this.plain = [];
    this.size = 0;
    return plain;
  }

  /** Frees the memory. */
  close(): void {
    this.inflate.destroy();
  }

  private drain(): void {
    for (let piece: Buffer | null = this.inflate.read(); piece !== null; piece = this.inflate.read()) {
      this.plain.push(piece);
      this.size += piece.length;
      if (this.size > MAX_DECOMPRESSED_BYTES) {
        this.fail('compressed requests are far too long', `more than ${MAX_DECOMPRESSED_BYTES} bytes`);
        return;
      }
    }
  }

  private fail(message: string, observed: string): void {
    const place = { peer: this.peer, offset: this.offset };
    this.failure ??= new GraphkeepError('peer.protocol', message, { place, observed });
    this.plain = [];
    this.inflate.destroy();
    this.reject?.(this.failure);
  }
}
