import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { atFile } from '../../base/file-errors.ts';
import { METADATA_RECORD_BYTES } from './neostore-metadata.ts';
import { readRecordSize } from './record-file.ts';
import { METADATA_FILE, storeFiles } from './store-files.ts';
import type { StoreFormat } from './store-format.ts';

/*
 * A cheap check that a store was copied whole. Store files consist of whole records and grow by whole pages. A file that ends elsewhere was
 * cut off, or altered in transit, typically by a program that treated it as text.
 */

/** A new file may have this size, whatever its record size. */
const PAGE_BYTES = 8192;
const CR = 0x0d;
const LF = 0x0a;

export interface OddLength {
  name: string;
  bytes: number;
  /** The length would be right without the CR before each LF: the file was copied in text mode. */
  textMode: boolean;
}

/**
 * Finds store files that end inside a record. Reads those files to the end, and only the headers of others.
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
  await look(METADATA_FILE, () => METADATA_RECORD_BYTES);
  for (const { fileName, kind } of storeFiles) {
    await look(fileName, (path) => (kind === 'dynamic' ? readRecordSize(path, format) : format[kind].size));
  }
  return odd;
}

/** Number of CR LF pairs; undefined if there is an LF without CR, which text-mode copying never leaves. */
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

/** Describes the fault on one line. */
export function describeOddLength({ name, bytes, textMode }: OddLength): string {
  const reason = textMode ? 'looks as if copied in text mode (CR LF for each LF)' : 'ends inside a record';
  return `${name}, ${bytes} bytes, ${reason}`;
}
