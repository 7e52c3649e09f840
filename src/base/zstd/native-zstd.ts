import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

/** What `node:zlib` has since Node 22.15. */
export interface NativeZstd {
  createZstdCompress(options?: { params?: Record<number, number> }): Transform;
  createZstdDecompress(): Transform;
}

/** ZSTD_c_checksumFlag of the parameters. */
export const CHECKSUM_PARAMETER = 201;

/** The zstd of this Node, undefined if it has none. */
export const nativeZstd: NativeZstd | undefined =
  'createZstdDecompress' in zlib ? (zlib as unknown as NativeZstd) : undefined;
