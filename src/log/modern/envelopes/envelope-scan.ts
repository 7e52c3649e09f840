import { GraphkeepError } from '../../../base/errors.ts';
import type { LogPosition } from '../../log-position.ts';
import type { LogBytes } from '../../log-source.ts';
import { FileWindow } from '../fields/file-window.ts';
import { requireFollowing } from '../fields/following.ts';
import { requireKnownKernelVersion } from '../fields/kernel-version.ts';
import type { LogScan, ScanState } from '../fields/log-scan.ts';
import { type Envelope, LOCAL_CONTENT, nextEnvelope } from './envelope.ts';
import type { EnvelopeChain } from './envelope-chain.ts';
import { OpenTransaction } from './open-transaction.ts';

/**
 * Reads the transactions of a file of format 10, where each is in one or more envelopes and may end in a later file (spec modern-logs 7).
 * `buffer` has room for a segment.
 */
export function* scanEnvelopes(
  source: LogBytes,
  version: number,
  buffer: Buffer,
  state: ScanState,
  chain: EnvelopeChain,
  segmentBytes: number,
): LogScan {
  const window = new FileWindow(source, version, buffer);
  for (;;) {
    const { at, found } = nextEnvelope(window, state.offset, segmentBytes);
    if (typeof found === 'string') return found;
    state.offset = at + found.sizeBytes;
    if (found.type === 'filler') continue;
    requireKnownKernelVersion(found.kernelVersion, source.nameOf(version), at);
    follow(chain, found, { version, offset: at }, source);
    const { open } = chain;
    if (open === undefined) continue;
    open.add(found);
    if (found.type === 'begin' || found.type === 'middle') {
      yield undefined;
      continue;
    }
    chain.open = undefined;
    const transaction = open.finish(found, { version, offset: state.offset }, source);
    requireFollowing(transaction, state.preceding, source);
    state.preceding = transaction;
    yield transaction;
  }
}

/** Holds the envelope against the one before, and opens the transaction that it begins. */
function follow(chain: EnvelopeChain, envelope: Envelope, position: LogPosition, source: LogBytes): void {
  const place = { file: source.nameOf(position.version), offset: position.offset };
  const { checksum, open, isLeading } = chain;
  if (checksum !== undefined && envelope.previousChecksum !== checksum) {
    throw new GraphkeepError('log.corrupt', 'an envelope does not follow the one before it: their checksums differ', {
      place,
      observed: `${envelope.previousChecksum}, must be ${checksum}`,
    });
  }
  if (envelope.contentType !== LOCAL_CONTENT) {
    throw new GraphkeepError('store.format', 'the log holds something that this version of graphkeep does not know', {
      place,
      observed: `content of type ${envelope.contentType}`,
      hint: 'Only logs of a standalone server of the Community edition can be read.',
    });
  }
  chain.checksum = envelope.checksum;
  const begins = envelope.type === 'full' || envelope.type === 'begin';
  const fits = begins ? open === undefined : (open?.appendIndex ?? envelope.appendIndex) === envelope.appendIndex;
  if (!fits || (!begins && open === undefined && !isLeading)) {
    throw new GraphkeepError('log.corrupt', `an envelope of this type (${envelope.type}) cannot stand here`, {
      place,
      observed: `append index ${envelope.appendIndex}`,
    });
  }
  if (envelope.type !== 'middle') chain.isLeading = false;
  if (!begins) return;
  chain.begun = envelope.appendIndex;
  chain.open = new OpenTransaction(envelope, position);
}
