import { statSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../base/errors.ts';
import { isMissing } from '../../base/file-errors.ts';
import { readRegularFile } from '../../base/regular-files.ts';
import { decodeCounts } from '../../store/counts/counts-store.ts';
import { COUNTS_FILES } from '../../store/files/store-files.ts';
import type { CopyReceiver } from '../backup-source.ts';

/** One of the two files of a counts store. */
export interface CountsFile {
  name: string;
  bytes: Buffer;
  /** The transaction for which it is exact. */
  transaction: number;
  /** Of two files of one transaction, the newer one has the higher version. */
  minorVersion: number;
}

/** Where to look for the beginning of a copy: the log of the database. */
interface Beginning<Start> {
  findCopyStart(): Start;
  /** The first transaction from there on; undefined if there is none yet. */
  firstTransactionFrom(start: Start): number | undefined;
}

/**
 * Finds where a copy begins, and the counts file that the check point there has written. With each check point the server writes the other
 * one of two files, in place: a file may have a new beginning and an old end, and nothing in it shows that (spec transaction-logs 10.2).
 * That of the last check point is complete. It is the only one that the log continues, unless the next check point is under way; then none
 * is taken, and the counts are made from the records. So it is if the files change in this moment.
 */
export function findStartWithCounts<Start>(
  directory: string,
  log: Beginning<Start>,
): { start: Start; counts: CountsFile | undefined } {
  const before = describeFiles(directory);
  const start = log.findCopyStart();
  const first = log.firstTransactionFrom(start);
  const files = COUNTS_FILES.flatMap((name) => readCountsFile(directory, name) ?? []);
  if (describeFiles(directory) !== before) return { start, counts: undefined };
  return { start, counts: chooseFile(files, first) };
}

function chooseFile(files: CountsFile[], first: number | undefined): CountsFile | undefined {
  const continued = first === undefined ? files : files.filter(({ transaction }) => transaction >= first - 1);
  const [newer, older] = continued.sort((a, b) => b.transaction - a.transaction || b.minorVersion - a.minorVersion);
  // Two files of one transaction have the same counts; at most the statistics of indexes differ.
  const isClear = first === undefined || older === undefined || older.transaction === newer!.transaction;
  return isClear ? newer : undefined;
}

/** Delivers a counts file that was read before. */
export async function deliverCounts({ name, bytes }: CountsFile, receiver: CopyReceiver): Promise<void> {
  const file = await receiver.openFile({ name, alignment: 1, empty: false });
  await file.bytes(bytes);
  await file.end();
}

/** Undefined if there is none, or only a part of one. */
function readCountsFile(directory: string, name: string): CountsFile | undefined {
  const path = join(directory, name);
  try {
    const bytes = readRegularFile(path);
    const { txId, minorVersion } = decodeCounts(bytes, path);
    return { name, bytes, transaction: txId, minorVersion };
  } catch (error) {
    if (isMissing(error) || hasCode(error, 'file.corrupt')) return undefined;
    throw error;
  }
}

/** Changes whenever something is written to one of the files. */
function describeFiles(directory: string): string {
  const infos = COUNTS_FILES.map((name) => statSync(join(directory, name), { bigint: true, throwIfNoEntry: false }));
  return infos.map((info) => (info === undefined ? '' : `${info.ino} ${info.size} ${info.mtimeNs}`)).join(', ');
}
