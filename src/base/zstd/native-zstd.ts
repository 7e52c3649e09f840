import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

interface SyncOptions {
  params?: Record<number, number>;
  /** Size of each buffer of the result, at least 64. */
  chunkSize: number;
  /** A longer result is an error. At least 1. */
  maxOutputLength?: number;
}

/** What `node:zlib` offers since Node 22.15. */
export interface NativeZstd {
  createZstdCompress(options?: { params?: Record<number, number> }): Transform;
  createZstdDecompress(): Transform;
  zstdCompressSync(content: Uint8Array, options: SyncOptions): Buffer;
  zstdDecompressSync(frame: Uint8Array, options: SyncOptions): Buffer;
}

/** The parameter ZSTD_c_compressionLevel. */
export const LEVEL_PARAMETER = 100;

/** The parameter ZSTD_c_checksumFlag. */
export const CHECKSUM_PARAMETER = 201;

/** Node's zstd; undefined if this Node has none. */
export const nativeZstd: NativeZstd | undefined =
  'createZstdDecompress' in zlib ? (zlib as unknown as NativeZstd) : undefined;
