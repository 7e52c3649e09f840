import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { atFile } from '../../base/file-errors.ts';
import { readRecordSize } from './record-file.ts';
import { METADATA_FILE, storeFiles } from './store-files.ts';
import type { StoreFormat } from './store-format.ts';

/*
 * A cheap look at whether a store was copied whole: its files consist of whole records, and grow by whole pages. A file that ends
 * elsewhere was cut, or changed on its way, typically by a program that took it for text.
 */

/** A new file may have this many bytes, whatever the size of its records. */
const PAGE_BYTES = 8192;
const CR = 0x0d;
const LF = 0x0a;

export interface OddLength {
  name: string;
  bytes: number;
  /** Without the CR before each LF the length would be right: the file was copied in text mode. */
  textMode: boolean;
}

/**
 * Files of a store that end inside a record. Reads such files to their end, and of others only headers.
 *
 * @throws GraphkeepError `store.corrupt` for a dynamic store without a record size; `store.missing-file`, `file.io`
 */
export async function findOddLengths(directory: string, format: StoreFormat): Promise<OddLength[]> {
  const odd: OddLength[] = [];
  const look = async (name: string, unit: (path: string) => number) => {
    const path = join(directory, name);
    const { size } = await atFile('read the file', path, () => stat(path));
    const fits = (bytes: number, recordBytes: number) => bytes % recordBytes === 0 || bytes % PAGE_BYTES === 0;
    const recordBytes = unit(path);
    if (fits(size, recordBytes)) return;
    const pairs = await countLineEnds(path);
    const textMode = pairs !== undefined && pairs > 0 && fits(size - pairs, recordBytes);
    odd.push({ name, bytes: size, textMode });
  };
  await look(METADATA_FILE, () => PAGE_BYTES);
  for (const { fileName, kind } of storeFiles) {
    await look(fileName, (path) => (kind === 'dynamic' ? readRecordSize(path, format) : format[kind].size));
  }
  return odd;
}

/** How often CR LF occurs; undefined if there is a LF without CR, which a program that writes text leaves nowhere. */
async function countLineEnds(path: string): Promise<number | undefined> {
  let pairs = 0;
  let before = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (byte === LF) {
        if (before !== CR) return undefined;
        pairs++;
      }
      before = byte;
    }
  }
  return pairs;
}

/** In words, for one line. */
export function describeOddLength({ name, bytes, textMode }: OddLength): string {
  const reason = textMode ? 'looks as if copied in text mode (CR LF for each LF)' : 'ends inside a record';
  return `${name}, ${bytes} bytes, ${reason}`;
}
