import type { FrameCodec } from '../../../base/zstd/frame-codec.ts';
import { ZstdError, ZstdFrameScanner } from '../../../base/zstd/frame-scanner.ts';
import { objectError } from '../../object-errors.ts';
import { MOST_OBJECT_BYTES } from './limits.ts';
import { checkContentSize, type FramePlace, MOST_TABLE_BYTES, readSeekTable } from './seek-table.ts';

/**
 * Decodes an object without its encryption, frame by frame: along its seek table if it has one, else as the frames follow each other. A
 * decoder never gets more than one frame. The bytes that come out are only valid until the next ones.
 * @throws `repository.object-truncated`, `repository.object-damaged`, `repository.object-overlong`, `repository.object-oversized`
 */
export function* decodeFrames(object: Uint8Array, key: string, codec: FrameCodec): Generator<Uint8Array> {
  const table = readSeekTable(object.subarray(-MOST_TABLE_BYTES), object.length, key);
  let contentBytes = 0;
  for (const place of table ?? scanFrames(object, key)) {
    contentBytes += place.contentBytes;
    if (contentBytes > MOST_OBJECT_BYTES) {
      throw objectError('repository.object-oversized', key, 'its frames hold more than an object may', {
        observed: contentBytes,
        offset: place.encodedAt,
      });
    }
    const encoded = object.subarray(place.encodedAt, place.encodedAt + place.encodedBytes);
    const decoded = decodeFrame(encoded, place, key, codec);
    yield decoded;
    codec.free(decoded);
  }
}

/** Decodes one frame that a seek table lists. Errors are those of `decodeFrames`. */
export function decodeFrame(encoded: Uint8Array, place: FramePlace, key: string, codec: FrameCodec): Uint8Array {
  try {
    return codec.decode(encoded, place.contentBytes);
  } catch (error) {
    if (!(error instanceof ZstdError)) throw error;
    throw objectError('repository.object-damaged', key, error.message, { offset: place.encodedAt, cause: error });
  }
}

function* scanFrames(object: Uint8Array, key: string): Generator<FramePlace> {
  let contentAt = 0;
  for (let encodedAt = 0; encodedAt < object.length; ) {
    const { end, contentBytes } = scanFrame(object, encodedAt, key);
    yield { encodedAt, encodedBytes: end - encodedAt, contentAt, contentBytes };
    encodedAt = end;
    contentAt += contentBytes;
  }
}

function scanFrame(object: Uint8Array, start: number, key: string): { end: number; contentBytes: number } {
  const scanner = new ZstdFrameScanner();
  try {
    const { end, isFrameEnd } = scanner.advance(object, start);
    if (!isFrameEnd) {
      throw objectError('repository.object-truncated', key, 'it ends inside a zstd frame', { offset: start });
    }
    if (scanner.skippable !== undefined) {
      throw objectError('repository.object-overlong', key, 'bytes that belong to no frame follow its frames', {
        offset: start,
      });
    }
    checkContentSize(scanner.contentBytes, start, key);
    return { end, contentBytes: scanner.contentBytes! };
  } catch (error) {
    if (!(error instanceof ZstdError)) throw error;
    const fault = start === 0 ? 'repository.object-damaged' : 'repository.object-overlong';
    throw objectError(fault, key, error.message, { offset: start, cause: error });
  }
}
