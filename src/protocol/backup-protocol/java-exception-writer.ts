import { ByteWriter } from '../../base/byte-writer.ts';
import { JavaClass } from './java-exception.ts';
import { encodeJavaText } from './java-text.ts';

/**
 * The two exceptions whose bytes were verified with the Java client (spec common-protocol 13.2), each with its classes up to
 * `java.lang.Exception`.
 */
const classes = {
  runtime: [
    ['java.lang.RuntimeException', 0x9e5f06470a3483e5n],
    ['java.lang.Exception', 0xd0fd1f3e1a3b1cc4n],
  ],
  noSuchTransaction: [
    [JavaClass.noSuchTransaction, 0x0bffeac26abceda4n],
    [JavaClass.missingLogData, 0xa1ba24eb83993cd8n],
    ['java.io.IOException', 0x6c8073646525f0abn],
    ['java.lang.Exception', 0xd0fd1f3e1a3b1cc4n],
  ],
} as const;

export type WritableJavaException = keyof typeof classes;

const throwableFields = [
  ['L', 'cause', 'Ljava/lang/Throwable;'],
  ['L', 'detailMessage', 'Ljava/lang/String;'],
  ['[', 'stackTrace', '[Ljava/lang/StackTraceElement;'],
  ['L', 'suppressedExceptions', 'Ljava/util/List;'],
] as const;

/**
 * The payload of a failure chunk that the Java client reads as an exception without a cause or stack trace. Any client that connects sees
 * the message, so it must contain no local paths. `noSuchTransaction` makes the client say that the backup is too old.
 *
 * ```
 * AC ED 00 05  73
 * per class  72  u16 length  name  u64 serialVersionUID  02  00 00  78
 * Throwable  72  u16 length  name  u64 serialVersionUID  03  00 04  field*  78  70
 * 70  74 u16 length message  70  70  78       cause, message, stack trace, suppressed
 * ```
 */
export function writeJavaException(kind: WritableJavaException, message: string): Buffer {
  const writer = new ByteWriter(512).u16(0xaced).u16(5).u8(0x73);
  for (const [name, serialVersion] of classes[kind]) {
    text(writer.u8(0x72), name).bigI64(serialVersion).u8(0x02).u16(0).u8(0x78);
  }
  text(writer.u8(0x72), 'java.lang.Throwable').bigI64(0xd5c635273977b8cbn).u8(0x03).u16(throwableFields.length);
  for (const [type, name, className] of throwableFields) {
    text(text(writer.u8(type.charCodeAt(0)), name).u8(0x74), className);
  }
  text(writer.u8(0x78).u8(0x70).u8(0x70).u8(0x74), message);
  return writer.u8(0x70).u8(0x70).u8(0x78).toBuffer();
}

function text(writer: ByteWriter, value: string): ByteWriter {
  const bytes = encodeJavaText(value);
  return writer.u16(bytes.length).bytes(bytes);
}
