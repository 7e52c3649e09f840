import { GraphkeepError } from '../../../base/errors.ts';
import type { LogBytes } from '../../log-source.ts';
import type { ModernLogHeader } from './log-header.ts';
import type { LoggedTransaction, PrecedingTransaction } from './logged-transaction.ts';

/*
 * What has to agree between neighbours: ids and append indexes go up by one, and where the format has the checksum of the transaction
 * before, it is that of the one that was read (spec modern-logs 5).
 */

/** @throws GraphkeepError `log.gap` if transactions are missing between the two, `log.corrupt` if they are of different histories */
export function requireFollowing(
  transaction: LoggedTransaction,
  preceding: PrecedingTransaction | undefined,
  source: LogBytes,
): void {
  if (preceding === undefined) return;
  const place = { file: source.nameOf(transaction.start.version), offset: transaction.start.offset };
  if (transaction.id !== preceding.id + 1) {
    const message = `the log does not continue with transaction ${preceding.id + 1}`;
    throw new GraphkeepError('log.gap', message, { place, observed: transaction.id });
  }
  const { appendIndex } = preceding;
  if (
    appendIndex !== undefined &&
    transaction.appendIndex !== undefined &&
    transaction.appendIndex !== appendIndex + 1
  ) {
    const message = `the log does not continue with append index ${appendIndex + 1}`;
    throw new GraphkeepError('log.gap', message, { place, observed: transaction.appendIndex });
  }
  const { checksum } = preceding;
  const { previousChecksum } = transaction;
  if (checksum === undefined || previousChecksum === undefined || previousChecksum === checksum) return;
  throw new GraphkeepError('log.corrupt', 'a transaction does not follow the one before it: their checksums differ', {
    place,
    observed: `${previousChecksum}, must be ${checksum}`,
  });
}

/** What a header says about the transaction before its file; undefined if that is not complete before the file (format 10). */
export function precedingOf(header: ModernLogHeader): PrecedingTransaction | undefined {
  // In Community an append index is the id of its transaction.
  return header.format === 10 ? undefined : { id: header.last };
}

/** @throws GraphkeepError `log.gap` unless `last`, the transaction that began last before the file, is the one that its header names */
export function requireHeaderFollows(header: ModernLogHeader, last: number | undefined, source: LogBytes): void {
  if (last === undefined || header.last === last) return;
  throw new GraphkeepError('log.gap', `the log file does not continue after transaction ${last}`, {
    place: { file: source.nameOf(header.version), offset: 8 },
    observed: header.last,
  });
}
