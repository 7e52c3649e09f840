import { pipeline, Readable } from 'node:stream';
import createXxhash from 'xxhash-wasm';
import { CHECKSUM_PARAMETER, type NativeZstd, nativeZstd } from './native-zstd.ts';
import { loadWasmZstd } from './wasm-zstd.ts';

const FRAME_CONTENT_BYTES = 1 << 20;
const DESCRIPTOR_AT = 4;
const CHECKSUM_FLAG = 4;
const LEVEL = 3;

let xxhashLoading: ReturnType<typeof createXxhash> | undefined;

/**
 * Encodes a stream as zstd with checksums. Node's zstd, where present, writes a single frame. The fallback writes frames of 1 MiB each,
 * which every zstd decoder reads in sequence.
 */
export async function* encodeZstd(
  source: AsyncIterable<Uint8Array>,
  native: NativeZstd | undefined = nativeZstd,
): AsyncGenerator<Uint8Array> {
  if (native === undefined) {
    yield* encodeFrames(source);
    return;
  }
  const encoder = native.createZstdCompress({ params: { [CHECKSUM_PARAMETER]: 1 } });
  let failure: unknown;
  const encoded = pipeline(Readable.from(source, { objectMode: false }), encoder, (error) => {
    failure = error ?? undefined;
  });
  try {
    yield* encoded as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw failure ?? error;
  }
}

async function* encodeFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { compress } = await loadWasmZstd();
  xxhashLoading ??= createXxhash();
  const xxhash = await xxhashLoading;
  const content = new Uint8Array(FRAME_CONTENT_BYTES);
  let filledBytes = 0;
  let isEmpty = true;
  const flush = () => {
    const bytes = content.subarray(0, filledBytes);
    const frame = Buffer.from(compress(bytes, LEVEL));
    // The library writes no checksum, so set the flag and append one.
    frame[DESCRIPTOR_AT]! |= CHECKSUM_FLAG;
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(Number(xxhash.create64().update(bytes).digest() & 0xffffffffn));
    filledBytes = 0;
    isEmpty = false;
    return Buffer.concat([frame, checksum]);
  };
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const count = Math.min(chunk.length - at, FRAME_CONTENT_BYTES - filledBytes);
      content.set(chunk.subarray(at, at + count), filledBytes);
      filledBytes += count;
      at += count;
      if (filledBytes === FRAME_CONTENT_BYTES) yield flush();
    }
  }
  if (filledBytes > 0 || isEmpty) yield flush();
}
