import { objectError } from '../../object-errors.ts';
import { decodeFrame } from '../frames/frame-reader.ts';
import { type FramePlace, MOST_TABLE_BYTES, readSeekTable } from '../frames/seek-table.ts';
import { openEncryptedContent, openPlainContent, type StoredContent, type StoredObject } from './stored-content.ts';
import { demandIdentities, type Unsealing } from './unsealing.ts';
import { checkObjectSize } from './whole-object.ts';

/** Unseals ranges of the plain bytes of an object with a seek table, without reading the rest of it. */
export class RangedObject {
  private readonly key: string;
  private readonly content: StoredContent;
  private readonly frames: readonly FramePlace[];
  private readonly unsealing: Unsealing;

  private constructor(key: string, content: StoredContent, frames: readonly FramePlace[], unsealing: Unsealing) {
    this.key = key;
    this.content = content;
    this.frames = frames;
    this.unsealing = unsealing;
  }

  /**
   * Reads header and table.
   * @throws `repository.object-truncated`, `repository.object-damaged`, `repository.object-overlong`, `repository.object-oversized`,
   *   `repository.key-missing`, `repository.key-wrong`
   */
  static async open(stored: StoredObject, unsealing: Unsealing): Promise<RangedObject> {
    const { key } = stored;
    checkObjectSize(stored.bytes, key);
    const identities = demandIdentities(unsealing, key);
    const content = identities === 'none' ? openPlainContent(stored) : await openEncryptedContent(stored, identities);
    const tail = await content.read(Math.max(0, content.bytes - MOST_TABLE_BYTES), content.bytes);
    const frames = readSeekTable(tail, content.bytes, key);
    if (frames === undefined) {
      throw objectError('repository.object-damaged', key, 'it has no seek table', { offset: stored.bytes });
    }
    return new RangedObject(key, content, frames, unsealing);
  }

  get plainBytes(): number {
    const last = this.frames.at(-1);
    return last === undefined ? 0 : last.contentAt + last.contentBytes;
  }

  /** The plain bytes of a range, in order, in pieces that are valid until the next one. Errors are those of `open`. */
  async *read(from: number, to: number): AsyncGenerator<Uint8Array> {
    if (from < 0 || to > this.plainBytes)
      throw new RangeError(`no range of ${this.plainBytes} bytes: ${from} to ${to}`);
    const wanted = this.frames.filter(
      ({ contentAt, contentBytes }) => contentAt < to && contentAt + contentBytes > from,
    );
    const [first, last] = [wanted[0], wanted.at(-1)];
    if (from >= to || first === undefined || last === undefined) return;
    const encoded = await this.content.read(first.encodedAt, last.encodedAt + last.encodedBytes);
    for (const frame of wanted) {
      const at = frame.encodedAt - first.encodedAt;
      const bytes = encoded.subarray(at, at + frame.encodedBytes);
      const plain = decodeFrame(bytes, frame, this.key, this.unsealing.codec);
      yield plain.subarray(Math.max(0, from - frame.contentAt), Math.min(plain.length, to - frame.contentAt));
    }
  }
}
