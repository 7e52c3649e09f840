import { GraphkeepError } from '../../../base/errors.ts';

/** Builds the decompressed data of a block from literal bytes and copies of earlier output, up to a size known in advance. */
export class BackReferences {
  private readonly output: Buffer;
  private filled = 0;

  constructor(size: number) {
    this.output = Buffer.alloc(size);
  }

  appendLiteral(bytes: Buffer): void {
    this.checkRoom(bytes.length);
    bytes.copy(this.output, this.filled);
    this.filled += bytes.length;
  }

  /** Repeats `length` bytes starting `distance` bytes before the end; the copy may overlap its own output. */
  appendCopy(distance: number, length: number): void {
    this.checkRoom(length);
    if (distance < 1 || distance > this.filled) {
      throw damaged('a compressed request refers to bytes before its beginning', `${distance} bytes back`);
    }
    const { output } = this;
    for (let i = 0; i < length; i++, this.filled++) output[this.filled] = output[this.filled - distance]!;
  }

  /** The whole output. */
  finish(): Buffer {
    if (this.filled < this.output.length) {
      throw damaged('a compressed request is shorter than announced', `${this.filled} bytes`);
    }
    return this.output;
  }

  private checkRoom(count: number): void {
    if (count > this.output.length - this.filled) {
      throw damaged('a compressed request is longer than announced', `more than ${this.output.length} bytes`);
    }
  }
}

/** The error for compressed bytes that break their format. */
export function damaged(message: string, observed: string): GraphkeepError {
  return new GraphkeepError('peer.protocol', message, { observed });
}
