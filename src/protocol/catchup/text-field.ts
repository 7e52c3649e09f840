import type { ByteWriter } from '../../base/byte-writer.ts';

/** `str`: i32 length in bytes, then UTF-8 (spec catchup-protocol 3). */
export function encodeText(text: string, writer: ByteWriter): ByteWriter {
  const bytes = Buffer.from(text, 'utf8');
  return writer.i32(bytes.length).bytes(bytes);
}
