import { GraphkeepError } from '../../base/errors.ts';
import { TransactionStream } from '../../log/v3/transaction-stream.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { findLogChain, type Segment } from '../catalogue/log-chain.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { BUNDLE_FILE, type IndexLine } from '../catalogue/object-index.ts';
import { baseFolder, logFolder } from '../catalogue/object-keys.ts';
import { formatSegmentName, parseSegmentName, type SegmentName } from '../catalogue/segment-name.ts';
import { objectError } from '../object-errors.ts';
import { readLines } from '../reading/base-index.ts';
import { readHistory, type TimelineHistory } from '../reading/database-history.ts';
import { readTar, readTransactions, type StoredObjects } from '../reading/stored-objects.ts';

export interface VerificationOptions {
  readonly database: string;
  /** Also read every object, and compare what is in it. */
  readonly reads: boolean;
  readonly signal: AbortSignal;
  /** Called after each object. */
  readonly onObject: (bytes: number) => void;
  /** Something that a restore would miss, or find changed. */
  readonly onFault: (error: GraphkeepError) => void;
}

/** What was looked at. */
export interface Verification {
  bases: number;
  objects: number;
  storedBytes: number;
}

/**
 * Looks whether everything of a database is there: bases with all their objects, in their sizes, and a log without gaps or contradictions.
 * With `reads` it also reads every object: hashes, encryption, frames, sizes, ids and checksums of transactions. It restores nothing.
 */
export async function verifyDatabase(objects: StoredObjects, options: VerificationOptions): Promise<Verification> {
  const verifier = new Verifier(objects, options);
  for (const history of await readHistory(objects.store, options.database, options.signal)) {
    await verifier.verifyTimeline(history);
  }
  return verifier.seen;
}

class Verifier {
  readonly seen: Verification = { bases: 0, objects: 0, storedBytes: 0 };
  private readonly objects: StoredObjects;
  private readonly store: ObjectStore;
  private readonly options: VerificationOptions;

  constructor(objects: StoredObjects, options: VerificationOptions) {
    this.objects = objects;
    this.store = objects.store;
    this.options = options;
  }

  async verifyTimeline({ timeline, bases, chain }: TimelineHistory): Promise<void> {
    const folder = logFolder(timeline.database, timeline.id);
    for (const manifest of bases) await this.attempt(() => this.verifyBase(manifest));
    for (const [one] of chain.conflicts) {
      this.fault(folder, 'two servers have written one history', `two transactions ${one.last}`);
    }
    let reached: number | undefined;
    const sizes = await this.sizesBelow(`${folder}/`);
    for (const run of chain.runs) {
      const isAfterBase = bases.some(({ consistentAt }) => {
        const { transaction } = consistentAt;
        return transaction > (reached ?? 0) && run.first <= transaction + 1 && run.last >= transaction;
      });
      reached ??= bases[0]?.consistentAt.transaction;
      if (reached !== undefined && run.first > reached + 1 && !isAfterBase)
        this.fault(folder, 'transactions are missing', `${reached + 1} to ${run.first - 1}`);
      reached = Math.max(reached ?? 0, run.last);
      for (const segment of run.segments) await this.attempt(() => this.verifySegment(segment, folder, sizes));
    }
  }

  private async verifyBase(manifest: Manifest): Promise<void> {
    const folder = baseFolder(manifest.database, manifest.timeline, manifest.id);
    const sizes = await this.sizesBelow(`${folder}/`);
    this.seen.bases++;
    for await (const line of readLines(this.store, manifest, this.options.signal)) {
      await this.attempt(() => this.verifyPart(line, folder, sizes));
    }
    const names = manifest.log.map(({ object }) => parseSegmentName(object.slice('log/'.length)));
    const { transaction, checksum } = manifest.consistentAt;
    const { runs } = findLogChain(names.filter((name): name is SegmentName => name !== undefined));
    const [run] = runs;
    const isWhole =
      manifest.log.length === 0 || (runs.length === 1 && run!.last === transaction && run!.checksum === checksum);
    if (!isWhole) this.fault(folder, 'the log of the base does not make it exact', `it should end with ${transaction}`);
    for (const segment of run?.segments ?? [])
      await this.attempt(() => this.verifySegment(segment, `${folder}/log`, sizes));
  }

  private async verifyPart(line: IndexLine, folder: string, sizes: ReadonlyMap<string, number>): Promise<void> {
    const key = `${folder}/${line.object}`;
    this.requireThere(key, sizes, line.storedBytes);
    if (!this.options.reads) return;
    const plain = this.objects.read({ key, bytes: line.storedBytes, sha256: Buffer.from(line.sha256, 'hex') });
    if (line.file === BUNDLE_FILE) {
      await readTar(plain, key);
      return;
    }
    let bytes = 0;
    for await (const piece of plain) bytes += piece.length;
    if (bytes !== line.bytes) this.fault(key, `it should hold ${line.bytes} bytes of a file`, `${bytes}`);
  }

  private async verifySegment(segment: Segment, folder: string, sizes: ReadonlyMap<string, number>): Promise<void> {
    const keys = segment.names.map((name) => `${folder}/${formatSegmentName(name)}`);
    for (const key of keys) this.requireThere(key, sizes, sizes.get(key) ?? 0);
    if (!this.options.reads) return;
    const stream = new TransactionStream({ firstTransaction: segment.first, place: { file: keys[0]! } });
    for (const [i, key] of keys.entries()) {
      stream.feed(await readTransactions(this.objects.readNamed(key, segment.names[i]!.digest), key));
    }
    const { last } = stream.end();
    if (last?.transactionId === segment.last && last.checksum === segment.checksum) return;
    this.fault(
      keys[0]!,
      `it should end with transaction ${segment.last}`,
      `${last?.transactionId ?? 'no transaction'}`,
    );
  }

  private requireThere(key: string, sizes: ReadonlyMap<string, number>, bytes: number): void {
    const found = sizes.get(key);
    this.seen.objects++;
    this.seen.storedBytes += bytes;
    this.options.onObject(bytes);
    if (found === bytes) return;
    if (found === undefined) {
      throw new GraphkeepError('object.missing', 'an object is missing', {
        place: { object: `${this.store.address}/${key}` },
      });
    }
    throw objectError('repository.object-damaged', key, `it should have ${bytes} bytes`, { observed: found });
  }

  private async sizesBelow(prefix: string): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    for await (const { key, size } of this.store.list(prefix, undefined, this.options.signal)) sizes.set(key, size);
    return sizes;
  }

  /** What is wrong with one object does not keep the others from being looked at; a store that fails does. */
  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof GraphkeepError) || !FAULTS.test(error.code)) throw error;
      this.options.onFault(error);
    }
  }

  private fault(key: string, message: string, observed: string): void {
    this.options.onFault(objectError('repository.object-damaged', key, message, { observed }));
  }
}

/** What stands in the store; all other errors end the work. */
const FAULTS = /^(repository\.object-.*|object\.(missing|damaged)|peer\..*)$/;
