import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { logFileName } from '../../../src/log/log-files.ts';
import type { GrowingDatabase } from './growing-database.ts';

/** From the end of a transaction: its time (8 bytes) and its checksum (4 bytes). */
const TIME_AT = 12;
const CHECKSUM_AT = 4;

/**
 * The clock of the server was set back before a transaction: from it on, the commit times of a whole log are earlier. For a log of 2025.05
 * or later without envelopes, where no transaction holds the checksum of the one before it.
 */
export function setClockBack({ whole, transactions }: GrowingDatabase, from: number, ms: number): void {
  for (const transaction of transactions.filter(({ id }) => id >= from)) {
    const path = join(whole, logFileName(transaction.start[0]));
    const bytes = readFileSync(path);
    const [start, end] = [transaction.start[1], transaction.end[1]];
    transaction.committed -= ms;
    bytes.writeBigInt64LE(BigInt(transaction.committed), end - TIME_AT);
    bytes.writeUInt32LE(crc32c(bytes.subarray(start, end - CHECKSUM_AT)), end - CHECKSUM_AT);
    writeFileSync(path, bytes);
  }
}
