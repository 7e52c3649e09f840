import { GraphkeepError } from '../../../base/errors.ts';
import type { LogBytes } from '../../log-source.ts';
import { FileWindow } from '../fields/file-window.ts';
import { requireFollowing } from '../fields/following.ts';
import { requireKnownKernelVersion } from '../fields/kernel-version.ts';
import type { LogScan, ScanState } from '../fields/log-scan.ts';
import type { LoggedTransaction } from '../fields/logged-transaction.ts';
import { isZero } from '../fields/zeros.ts';
import { findCommit } from './commit-search.ts';
import { decodeStartEntry, START_WINDOW_BYTES } from './start-entry.ts';

/**
 * Reads the transactions of a file of format 7, 8 or 9, where entries stand one behind the other (spec modern-logs 4, 5). Each transaction
 * is in one file as a whole.
 */
export function* scanEntries(source: LogBytes, version: number, buffer: Buffer, state: ScanState): LogScan {
  const window = new FileWindow(source, version, buffer);
  for (;;) {
    const at = state.offset;
    const available = window.show(at, START_WINDOW_BYTES);
    const index = window.indexOf(at);
    const view = buffer.subarray(index, index + available);
    const kernelVersion = view[0] ?? 0;
    // Zeros with something behind them are no end: a part of the file was lost.
    if (kernelVersion === 0) return isZero(view) ? 'end' : 'unfinished';
    requireKnownKernelVersion(kernelVersion, source.nameOf(version), at);
    const start = decodeStartEntry(view, 0, kernelVersion);
    if (start === 'incomplete') return 'unfinished';
    if (start === 'impossible') {
      if (isHalfWritten(view)) return 'unfinished';
      throw new GraphkeepError('log.corrupt', 'a transaction must start here, but something else does', {
        place: { file: source.nameOf(version), offset: at },
        observed: view.subarray(0, 2).toString('hex'),
      });
    }
    const commit = yield* findCommit(window, at, start, kernelVersion);
    if (commit === undefined) return 'unfinished';
    const { bytes: _, ...fields } = start;
    const transaction: LoggedTransaction = {
      id: commit.id,
      commitTime: commit.commitTime,
      ...fields,
      checksum: commit.checksum,
      start: { version, offset: at },
      end: { version, offset: commit.end },
      sizeBytes: commit.end - at,
      kernelVersion,
    };
    requireFollowing(transaction, state.preceding, source);
    state.offset = commit.end;
    state.preceding = transaction;
    yield transaction;
  }
}

/** The rest of a file ends, or is zero, right behind the first byte: the second one is not written yet. */
function isHalfWritten(view: Buffer): boolean {
  return view[1] === 0;
}
