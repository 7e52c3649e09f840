import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

/** What `node:zlib` offers since Node 22.15. */
export interface NativeZstd {
  createZstdCompress(options?: { params?: Record<number, number> }): Transform;
  createZstdDecompress(): Transform;
}

/** The parameter ZSTD_c_checksumFlag. */
export const CHECKSUM_PARAMETER = 201;

/** Node's zstd; undefined if this Node has none. */
export const nativeZstd: NativeZstd | undefined =
  'createZstdDecompress' in zlib ? (zlib as unknown as NativeZstd) : undefined;
