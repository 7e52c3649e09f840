import { pipeline, Readable } from 'node:stream';
import { Decompress } from 'fzstd';
import createXxhash, { type XXHashAPI } from 'xxhash-wasm';
import { ZstdError, ZstdFrameScanner } from './frame-scanner.ts';
import { type NativeZstd, nativeZstd } from './native-zstd.ts';

/**
 * Decodes a zstd stream of any number of frames, using the memory of one window. Uses Node's zstd if it has one, else a JavaScript decoder.
 * @throws ZstdError if the stream is damaged or ends inside a frame; errors of `source` pass unchanged
 */
export async function* decodeZstd(
  source: AsyncIterable<Uint8Array>,
  native: NativeZstd | undefined = nativeZstd,
): AsyncGenerator<Uint8Array> {
  const xxhash = native === undefined ? await createXxhash() : undefined;
  const frames = new FrameReader(source);
  try {
    while (await frames.hasNext()) {
      if (native !== undefined) yield* decodeNatively(frames, native);
      else yield* decodeInJavaScript(frames, xxhash!);
    }
  } finally {
    await frames.close();
  }
}

/** Hands out a stream frame by frame. */
class FrameReader {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private readonly scanner = new ZstdFrameScanner();
  private chunk: Uint8Array = new Uint8Array(0);
  private at = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.chunks = source[Symbol.asyncIterator]();
  }

  get isChecked(): boolean {
    return this.scanner.isChecked;
  }

  /** False at the end of the stream. Do not call it inside a frame. */
  async hasNext(): Promise<boolean> {
    return await this.fill();
  }

  /** The bytes of the next frame. */
  async *frame(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (!(await this.fill())) throw new ZstdError('it ends inside a zstd frame');
      const { end, isFrameEnd } = this.scanner.advance(this.chunk, this.at);
      const stretch = this.chunk.subarray(this.at, end);
      this.at = end;
      yield stretch;
      if (isFrameEnd) return;
    }
  }

  private async fill(): Promise<boolean> {
    while (this.at === this.chunk.length) {
      const { value, done } = await this.chunks.next();
      if (done === true) return false;
      this.chunk = value;
      this.at = 0;
    }
    return true;
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}

async function* decodeNatively(frames: FrameReader, native: NativeZstd): AsyncGenerator<Uint8Array> {
  const decoder = native.createZstdDecompress();
  let failure: unknown;
  // The callback also handles errors that arrive after the reader has stopped.
  const source = pipeline(Readable.from(frames.frame(), { objectMode: false }), decoder, (error) => {
    failure = error ?? undefined;
  });
  try {
    yield* source as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw explain(failure ?? error);
  }
}

async function* decodeInJavaScript(frames: FrameReader, xxhash: XXHashAPI): AsyncGenerator<Uint8Array> {
  const hash = xxhash.create64();
  let decoded: Uint8Array[] = [];
  const decoder = new Decompress((block) => {
    decoded.push(block);
  });
  let checksum: Buffer = Buffer.alloc(0);
  let isSkippable: boolean | undefined;
  const push = function* (bytes: Uint8Array, isLast: boolean) {
    try {
      decoder.push(bytes, isLast);
    } catch (error) {
      throw explain(error);
    }
    for (const block of decoded) {
      hash.update(block);
      // Copy: the decoder reuses the memory of the block.
      yield block.slice();
    }
    decoded = [];
  };
  for await (const stretch of frames.frame()) {
    isSkippable ??= (stretch[0]! & 0xf0) === 0x50;
    if (isSkippable) continue;
    checksum = Buffer.concat([checksum, stretch.subarray(-4)]).subarray(-4);
    yield* push(stretch, false);
  }
  if (isSkippable) return;
  yield* push(new Uint8Array(0), true);
  if (frames.isChecked && checksum.readUInt32LE(0) !== Number(hash.digest() & 0xffffffffn)) {
    throw new ZstdError('the checksum of a zstd frame does not match its content');
  }
}

/** Errors of the source have their own class; anything else that a decoder throws is about the bytes. */
function explain(error: unknown): unknown {
  if (!(error instanceof Error)) return new ZstdError(String(error));
  const isAboutBytes =
    !('syscall' in error) && (error.constructor === Error || error instanceof TypeError || error instanceof RangeError);
  return isAboutBytes ? new ZstdError(error.message, { cause: error }) : error;
}
