import { OutOfBytes } from '../../base/byte-reader.ts';
import type { JavaException } from './java-exception.ts';
import { type JavaObject, type JavaValue, readJavaObject, UnreadableStream } from './java-object-stream.ts';
import { decodeJavaText } from './java-text.ts';

/** Longest chain of causes that is followed. */
const MAX_CAUSES = 20;

/** Offset of the first class name in every stream: u16 length, name (spec common-protocol 13.1). */
const FIRST_CLASS_NAME = 6;

/**
 * Reads a serialized exception. If the stream is not completely readable, returns at least the name of its first class; undefined if even
 * that is missing.
 */
export function readJavaException(payload: Buffer): JavaException | undefined {
  try {
    const value = readJavaObject(payload);
    if (isObject(value)) return toException(value, MAX_CAUSES);
  } catch (error) {
    if (!(error instanceof OutOfBytes || error instanceof UnreadableStream)) throw error;
  }
  return readClassNameOnly(payload);
}

function toException(object: JavaObject, causesLeft: number): JavaException {
  const [className = '', ...superClasses] = object.classes;
  const message = object.fields.get('detailMessage');
  const cause = object.fields.get('cause');
  return {
    className,
    superClasses,
    message: typeof message === 'string' ? message : undefined,
    // "No cause" is written as the exception itself.
    cause: isObject(cause) && cause !== object && causesLeft > 0 ? toException(cause, causesLeft - 1) : undefined,
  };
}

function isObject(value: JavaValue): value is JavaObject {
  return typeof value === 'object';
}

function readClassNameOnly(payload: Buffer): JavaException | undefined {
  if (payload.length < FIRST_CLASS_NAME + 2 || payload.readUInt32BE(0) !== 0xaced0005) return undefined;
  const end = FIRST_CLASS_NAME + 2 + payload.readUInt16BE(FIRST_CLASS_NAME);
  if (end > payload.length) return undefined;
  const className = decodeJavaText(payload.subarray(FIRST_CLASS_NAME + 2, end));
  return /^[\w.$]{1,500}$/.test(className)
    ? { className, superClasses: [], message: undefined, cause: undefined }
    : undefined;
}
