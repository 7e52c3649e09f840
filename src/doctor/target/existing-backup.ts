import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownTransaction } from '../../backup/target/backup-target.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { atFile } from '../../base/file-errors.ts';
import { measureTree } from '../../base/tree-size.ts';
import { formatBytes } from '../../config/sizes.ts';
import { listLogFiles } from '../../log/log-files.ts';
import { findRecoveryStart } from '../../log/v3/recovery-start.ts';
import { findPendingLog } from '../../replay/pending-log.ts';
import { readMetadataIn, storeIdOf } from '../../store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../../store/files/store-files.ts';
import type { StoreId } from '../../store/files/store-id.ts';
import { requireSupportedStore } from '../../store/files/supported-store.ts';
import { type DoctorFinding, failureOf, inOrder, unseen, warning } from '../findings/finding.ts';
import { DAY_MS, describeMoment, describeSpan } from '../findings/spans.ts';

/** What a source has to continue. */
export interface KnownBackup {
  storeId: StoreId;
  /** Its last transaction, after recovery if that is needed. */
  last: KnownTransaction;
}

/** A backup that a target holds. */
export interface ExistingBackup extends KnownBackup {
  lastCommittedMs: number | undefined;
  /** The last change of a file in it: a run that finds nothing new changes none. */
  changedMs: number;
  bytes: number;
  state: 'applied' | 'pending' | 'needs-recovery';
}

/** A backup that nobody has changed for longer is forgotten, or of a database that nobody writes. */
const OLD_MS = 7 * DAY_MS;

/** Throws what an incremental would: the backup cannot be continued then, and the next one is full. */
export async function readExistingBackup(directory: string): Promise<ExistingBackup> {
  await requireSupportedStore(directory, 'change');
  const metadata = readMetadataIn(directory);
  const found = findRecoveryStart(directory);
  const pending = found.needed ? findPendingLog(directory) : undefined;
  const { lastTransaction } = found;
  return {
    storeId: storeIdOf(metadata),
    last:
      lastTransaction === undefined || pending !== undefined
        ? { id: metadata.lastTransactionId, checksum: metadata.lastTransactionChecksum }
        : { id: lastTransaction.transactionId, checksum: lastTransaction.checksum },
    lastCommittedMs: timeOf(lastTransaction?.timeCommitted ?? metadata.lastTransactionCommitTime),
    changedMs: await lastChange(directory),
    bytes: (await measureTree(directory)).bytes,
    state: pending !== undefined ? 'pending' : found.needed ? 'needs-recovery' : 'applied',
  };
}

function timeOf(ms: number): number | undefined {
  return ms > 1 ? ms : undefined;
}

async function lastChange(directory: string): Promise<number> {
  const paths = [join(directory, METADATA_FILE), ...listLogFiles(directory).files.map(({ path }) => path)];
  const times = await Promise.all(paths.map((path) => atFile('read the file', path, () => stat(path))));
  return Math.max(...times.map(({ mtimeMs }) => mtimeMs));
}

export function describeBackup(
  { last, lastCommittedMs, changedMs, bytes, state }: ExistingBackup,
  nowMs: number,
): DoctorFinding {
  const ageMs = Math.max(0, nowMs - changedMs);
  const committed = lastCommittedMs === undefined ? '' : ` (${describeMoment(lastCommittedMs)})`;
  const states = {
    applied: 'closed cleanly',
    pending: 'the rest of its log is left to the server because of explicit indexes',
    'needs-recovery': 'a killed run left a log in it, which the next run applies',
  };
  const observed = `up to transaction ${last.id}${committed}, ${formatBytes(bytes)}, last changed ${describeSpan(ageMs)} ago; ${states[state]}`;
  return judgeAge(observed, { lastTransaction: last.id, bytes, ageMs });
}

/** A backup that is there, of any kind. */
export function judgeAge(
  observed: string,
  numbers: { lastTransaction: number; bytes: number; ageMs: number },
): DoctorFinding {
  if (numbers.ageMs < OLD_MS) return inOrder('backup', observed, numbers);
  return warning(
    'backup',
    observed,
    'Look whether the timer that makes the backups still runs. If the database has not changed either, all is well.',
    numbers,
  );
}

/** Why the next backup is full although there is one; or nothing certain, while another run may be writing it. */
export function describeDamage(error: unknown, isInUse: boolean): DoctorFinding {
  if (!(error instanceof GraphkeepError)) throw error;
  if (isInUse) return unseen('backup', 'it cannot be read while another run works on it');
  // A full backup does not help against that.
  if (error.code === 'file.io') return failureOf('backup', error);
  return warning(
    'backup',
    `the backup cannot be continued: ${error.message}`,
    'The next backup is full, and this one is kept beside it. Check it with graphkeep check before you rely on it.',
  );
}
