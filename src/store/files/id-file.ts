import { ByteReader, OutOfBytes } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { readRegularFile } from '../../base/regular-files.ts';

/**
 * Id file of a store (spec record-stores 13): u8 status (0 clean, 1 open or crashed), i64 high id, then the free ids, i64 each. Backups
 * leave id files out: the server then finds the high id itself.
 */
export interface IdFile {
  clean: boolean;
  /** Smallest id that was never handed out. */
  highId: number;
  /** Free ids below the high id, unordered. */
  free: number[];
}

const CLEAN = 0;
const STICKY = 1;
const ID_BYTES = 8;

export function decodeIdFile(bytes: Buffer, file?: string): IdFile {
  const reader = new ByteReader(bytes);
  const place = file === undefined ? {} : { place: { file } };
  try {
    const status = reader.u8();
    if (status !== CLEAN && status !== STICKY) {
      throw new GraphkeepError('file.corrupt', 'unknown status of an id file', { observed: status, ...place });
    }
    const highId = reader.i64();
    const free: number[] = [];
    while (reader.remaining >= ID_BYTES) free.push(reader.i64());
    return { clean: status === CLEAN, highId, free };
  } catch (error) {
    if (error instanceof OutOfBytes) {
      throw new GraphkeepError('file.truncated', 'an id file is shorter than its header', {
        observed: bytes.length,
        ...place,
      });
    }
    throw error;
  }
}

export function encodeIdFile({ clean, highId, free }: IdFile): Buffer {
  const out = new ByteWriter(1 + ID_BYTES * (1 + free.length)).u8(clean ? CLEAN : STICKY).i64(highId);
  for (const id of free) out.i64(id);
  return out.toBuffer();
}

export function readIdFile(path: string): IdFile {
  return decodeIdFile(readRegularFile(path), path);
}
