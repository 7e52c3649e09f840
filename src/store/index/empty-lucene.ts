import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ByteWriter } from '../../base/byte-writer.ts';
import { makeDirectory, writeFileDurably } from '../../base/durable-files.ts';

const FAILURE_MESSAGE_BYTES = 16384;

/** Writes an online, empty Lucene part (spec trees-and-indexes 13). The directory must not exist. */
export async function writeEmptyLucenePart(directory: string): Promise<void> {
  const partition = join(directory, '1');
  await makeDirectory(partition);
  await writeFileDurably(join(directory, 'failure-message'), Buffer.alloc(FAILURE_MESSAGE_BYTES));
  await writeFileDurably(join(partition, 'segments_2'), encodeEmptyCommit(randomBytes(16)));
}

/**
 * The commit `segments_2` of a Lucene 5.5.5 index without segments, 85 bytes.
 *
 * | bytes | field                                                              |
 * |-------|--------------------------------------------------------------------|
 * | 4     | codec magic 3f d7 6c 17                                            |
 * | 9     | length and "segments"                                              |
 * | 4     | format version 6                                                   |
 * | 16    | random id                                                          |
 * | 2     | length and "2": generation of the commit                           |
 * | 3     | Lucene version 5 5 5                                               |
 * | 8     | version counter                                                    |
 * | 4, 4  | name counter, number of segments: 0                                |
 * | 15    | commit user data: 1 pair, "status" = "online"                      |
 * | 4, 4  | footer magic c0 28 93 e8, 0                                        |
 * | 8     | CRC32 of everything before                                         |
 */
export function encodeEmptyCommit(id: Uint8Array): Buffer {
  const writer = new ByteWriter(85).i32(0x3fd76c17);
  writeText(writer, 'segments').i32(6).bytes(id);
  writeText(writer, '2').u8(5).u8(5).u8(5).i64(5).i32(0).i32(0).u8(1);
  writeText(writeText(writer, 'status'), 'online')
    .i32(0xc02893e8 | 0)
    .i32(0);
  return writer.i64(crc32(writer.view())).toBuffer();
}

function writeText(writer: ByteWriter, text: string): ByteWriter {
  return writer.u8(text.length).bytes(Buffer.from(text, 'latin1'));
}
