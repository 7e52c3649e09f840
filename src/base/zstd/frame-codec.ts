import { freeMemory } from '../freed-memory.ts';
import { ZstdError, ZstdFrameScanner } from './frame-scanner.ts';
import { LEVEL_PARAMETER, type NativeZstd, nativeZstd } from './native-zstd.ts';
import { loadWasmZstd, type WasmZstd } from './wasm-zstd.ts';

/** Encodes and decodes small zstd frames, each as a whole in memory. */
export interface FrameCodec {
  /** One frame with its content size and without a checksum. The bytes are valid until the next call. */
  encode(content: Uint8Array, level: number): Uint8Array;
  /**
   * Decodes exactly one frame, which must declare the content size that the caller expects.
   * @throws ZstdError if it is damaged, declares another size, or more than this one frame is there
   */
  decode(frame: Uint8Array, contentBytes: number): Uint8Array;
  /** Call it with each result that is not needed any more; it is gone then. */
  free(result: Uint8Array): void;
}

const LEAST_CHUNK_BYTES = 64;

/** Uses Node's zstd if it has one, else WebAssembly. */
export async function loadFrameCodec(native: NativeZstd | 'none' = nativeZstd ?? 'none'): Promise<FrameCodec> {
  return native === 'none' ? wasmCodec(await loadWasmZstd()) : nativeCodec(native);
}

function nativeCodec(native: NativeZstd): FrameCodec {
  return {
    encode(content, level) {
      return native.zstdCompressSync(content, {
        params: { [LEVEL_PARAMETER]: level },
        chunkSize: compressBound(content.length),
      });
    },
    decode: (frame, contentBytes) =>
      decodeOne(frame, contentBytes, () =>
        native.zstdDecompressSync(frame, {
          // One that is full makes Node take another one.
          chunkSize: contentBytes + LEAST_CHUNK_BYTES,
          maxOutputLength: Math.max(contentBytes, 1),
        }),
      ),
    free: freeMemory,
  };
}

function wasmCodec(wasm: WasmZstd): FrameCodec {
  return {
    encode: (content, level) => wasm.compress(content, level),
    decode: (frame, contentBytes) => decodeOne(frame, contentBytes, () => wasm.decompress(frame)),
    // Its memory is its own.
    free: () => {},
  };
}

/** Decoders are not asked to judge the frame: some drop or accept what follows it, and all allocate what it declares. */
function decodeOne(frame: Uint8Array, contentBytes: number, decode: () => Uint8Array): Uint8Array {
  const scanner = new ZstdFrameScanner();
  const { end, isFrameEnd } = scanner.advance(frame, 0);
  if (!isFrameEnd) throw new ZstdError('it ends inside a zstd frame');
  if (end !== frame.length) throw new ZstdError('more than one zstd frame is where one should be');
  if (scanner.contentBytes !== contentBytes) {
    throw new ZstdError(`a zstd frame declares ${scanner.contentBytes ?? 'no'} bytes in place of ${contentBytes}`);
  }
  let content: Uint8Array;
  try {
    content = decode();
  } catch (error) {
    throw new ZstdError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  if (content.length !== contentBytes) {
    throw new ZstdError(`a zstd frame holds ${content.length} bytes in place of ${contentBytes}`);
  }
  return content;
}

/** The most bytes that zstd makes of so many. */
function compressBound(bytes: number): number {
  const margin = bytes < 128 * 1024 ? (128 * 1024 - bytes) >> 11 : 0;
  return bytes + (bytes >> 8) + margin + LEAST_CHUNK_BYTES;
}
