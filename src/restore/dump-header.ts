/**
 * The header before the tar in a 3.5 dump that is compressed with zstd (observed with 3.5.34). A gzip dump has no header.
 *
 * | offset | type | field                                          |
 * |--------|------|------------------------------------------------|
 * | 0      | 4    | `zstd`                                         |
 * | 4      | i32  | 1                                              |
 * | 8      | i64  | number of files; directories do not count      |
 * | 16     | i64  | bytes of all files                             |
 *
 * Big-endian, inside the compressed stream.
 */
export interface DumpHeader {
  files: number;
  bytes: number;
}

export const DUMP_HEADER_BYTES = 24;
const MARK = 'zstd';
const VERSION = 1;

export function encodeDumpHeader({ files, bytes }: DumpHeader): Buffer {
  const header = Buffer.alloc(DUMP_HEADER_BYTES);
  header.write(MARK, 0, 'latin1');
  header.writeInt32BE(VERSION, 4);
  header.writeBigInt64BE(BigInt(files), 8);
  header.writeBigInt64BE(BigInt(bytes), 16);
  return header;
}

/** Undefined if there is no header: the tar then begins here. */
export function decodeDumpHeader(head: Buffer): DumpHeader | undefined {
  if (head.length < DUMP_HEADER_BYTES || head.toString('latin1', 0, 4) !== MARK || head.readInt32BE(4) !== VERSION)
    return undefined;
  return { files: Number(head.readBigInt64BE(8)), bytes: Number(head.readBigInt64BE(16)) };
}
