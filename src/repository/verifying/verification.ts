import { GraphkeepError } from '../../base/errors.ts';
import { workInSlots } from '../../base/slots.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { TransactionStream } from '../../log/v3/transaction-stream.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { findLogChain, type Segment } from '../catalogue/log-chain.ts';
import { findGaps } from '../catalogue/log-gaps.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { BUNDLE_FILE, type IndexLine } from '../catalogue/object-index.ts';
import { baseFolder, logFolder } from '../catalogue/object-keys.ts';
import { formatSegmentName, parseSegmentName, type SegmentName } from '../catalogue/segment-name.ts';
import { objectError } from '../object-errors.ts';
import { readLines } from '../reading/base-index.ts';
import { readHistory, type TimelineHistory } from '../reading/database-history.ts';
import type { RestoreChoice } from '../reading/restore-choice.ts';
import { readLogRanges, readTar, readTransactions, StoredObjects } from '../reading/stored-objects.ts';
import type { RawRange } from '../tar/log-ranges.ts';
import type { ObjectShare } from './object-share.ts';
import { beginningOf, RawLogVerifier } from './raw-log-verifier.ts';

/** Objects that are read at the same time. */
const SLOTS = 3;

export interface VerificationOptions {
  readonly database: string;
  /** Also read these objects, and compare what is in them. */
  readonly reads?: ObjectShare | undefined;
  readonly signal: AbortSignal;
  /** Called after each object. */
  readonly onObject: (bytes: number) => void;
  /** Something that a restore would miss, or find changed. */
  readonly onFault: (error: GraphkeepError) => void;
  /** Called for each base once all of its timeline was looked at. */
  readonly onVerdict?: (verdict: BaseVerdict) => Promise<void>;
}

/** What was looked at. */
export interface Verification {
  bases: number;
  objects: number;
  storedBytes: number;
}

/** How many faults a base has, with those of the log between it and the next one. */
export interface BaseVerdict {
  readonly base: Manifest;
  readonly history: TimelineHistory;
  readonly faults: number;
}

/**
 * Looks whether everything of a database is there: bases with all their objects, in their sizes, and a log without gaps or contradictions.
 * With `reads` it also reads objects: hashes, encryption, frames, sizes, ids and checksums of transactions. It restores nothing.
 */
export async function verifyDatabase(objects: StoredObjects, options: VerificationOptions): Promise<Verification> {
  const verifier = new Verifier(objects, options);
  for (const history of await readHistory(objects.store, options.database, options.signal)) {
    await verifier.verifyTimeline(history);
  }
  return verifier.seen;
}

/** Looks whether everything that a restore would read is there, in its sizes; opens none of it. */
export async function verifyPlan(
  store: ObjectStore,
  { manifest, plan }: RestoreChoice,
  options: Pick<VerificationOptions, 'signal' | 'onFault'>,
): Promise<Verification> {
  const objects = new StoredObjects(store, { codec: await loadFrameCodec(), identities: undefined }, options.signal);
  const verifier = new Verifier(objects, {
    ...options,
    database: manifest.database,
    onObject: () => {},
  });
  await verifier.verifyPlan(manifest, plan.segments);
  return verifier.seen;
}

class Verifier {
  readonly seen: Verification = { bases: 0, objects: 0, storedBytes: 0 };
  private readonly objects: StoredObjects;
  private readonly store: ObjectStore;
  private readonly options: VerificationOptions;
  /** The base that faults count for. */
  private current: Manifest | undefined;
  private readonly faults = new Map<Manifest, number>();
  /** Of the timeline at hand. */
  private rawLog: RawLogVerifier;
  /** The beginning of the first log file of the base at hand. */
  private logBeginning: RawRange | undefined;

  constructor(objects: StoredObjects, options: VerificationOptions) {
    this.objects = objects;
    this.store = objects.store;
    this.options = options;
    this.rawLog = new RawLogVerifier(options.signal);
  }

  async verifyTimeline(history: TimelineHistory): Promise<void> {
    const { timeline, bases, chain } = history;
    this.rawLog = new RawLogVerifier(this.options.signal);
    const folder = logFolder(timeline.database, timeline.id);
    for (const manifest of bases) {
      this.current = manifest;
      await this.attempt(() => this.verifyBase(manifest));
    }
    const blame = (transaction: number) => {
      this.current = bases.findLast(({ consistentAt }) => consistentAt.transaction <= transaction) ?? bases[0];
    };
    for (const [one] of chain.conflicts) {
      blame(one.last);
      this.fault(folder, 'two servers have written one history', `two transactions ${one.last}`);
    }
    const points = bases.map(({ consistentAt }) => consistentAt.transaction);
    for (const { first, last } of findGaps(points, chain)) {
      blame(first - 1);
      this.fault(folder, 'transactions are missing', `${first} to ${last}`);
    }
    const sizes = await this.sizesBelow(`${folder}/`);
    for (const run of chain.runs) {
      for (const segment of run.segments) {
        blame(segment.first);
        await this.attempt(() => this.verifySegment(segment, folder, sizes));
      }
    }
    for (const base of bases) {
      await this.options.onVerdict?.({ base, history, faults: this.faults.get(base) ?? 0 });
    }
  }

  async verifyPlan(manifest: Manifest, segments: readonly Segment[]): Promise<void> {
    this.current = manifest;
    await this.attempt(() => this.verifyBase(manifest));
    const folder = logFolder(manifest.database, manifest.timeline);
    const sizes = await this.sizesBelow(`${folder}/`);
    for (const segment of segments) await this.attempt(() => this.verifySegment(segment, folder, sizes));
  }

  private async verifyBase(manifest: Manifest): Promise<void> {
    const folder = baseFolder(manifest.database, manifest.timeline, manifest.id);
    const sizes = await this.sizesBelow(`${folder}/`);
    this.seen.bases++;
    this.logBeginning = undefined;
    await workInSlots(readLines(this.store, manifest, this.options.signal), SLOTS, (line) =>
      this.attempt(() => this.verifyPart(line, folder, sizes)),
    );
    const names = manifest.log.map(({ object }) => parseSegmentName(object.slice('log/'.length)));
    const { transaction, checksum } = manifest.consistentAt;
    const { runs } = findLogChain(names.filter((name): name is SegmentName => name !== undefined));
    const [run] = runs;
    const isWhole =
      manifest.log.length === 0 || (runs.length === 1 && run!.last === transaction && run!.checksum === checksum);
    if (!isWhole) this.fault(folder, 'the log of the base does not make it exact', `it should end with ${transaction}`);
    this.rawLog.enterBase(this.logBeginning);
    for (const segment of run?.segments ?? [])
      await this.attempt(() => this.verifySegment(segment, `${folder}/log`, sizes));
    this.rawLog.leaveBase();
  }

  private async verifyPart(line: IndexLine, folder: string, sizes: ReadonlyMap<string, number>): Promise<void> {
    const key = `${folder}/${line.object}`;
    this.requireThere(key, sizes, line.storedBytes);
    // Bundles are few, and the first one tells where the log begins.
    const isRead = line.file === BUNDLE_FILE ? this.options.reads !== undefined : this.reads(key);
    if (!isRead) return;
    const plain = this.objects.read({ key, bytes: line.storedBytes, sha256: Buffer.from(line.sha256, 'hex') });
    if (line.file === BUNDLE_FILE) {
      const entries = await readTar(plain, key);
      for (const { name, content } of entries) this.noteBeginning(beginningOf(name, content));
      return;
    }
    let bytes = 0;
    for await (const piece of plain) bytes += piece.length;
    if (bytes !== line.bytes) this.fault(key, `it should hold ${line.bytes} bytes of a file`, `${bytes}`);
  }

  /** Of several log files, the first one is where the log of a base begins. */
  private noteBeginning(found: RawRange | undefined): void {
    if (found !== undefined && found.version <= (this.logBeginning?.version ?? found.version))
      this.logBeginning = found;
  }

  private async verifySegment(segment: Segment, folder: string, sizes: ReadonlyMap<string, number>): Promise<void> {
    const keys = segment.names.map((name) => `${folder}/${formatSegmentName(name)}`);
    for (const key of keys) this.requireThere(key, sizes, sizes.get(key) ?? 0);
    if (this.options.reads === undefined) return;
    const isRaw = segment.names[0]!.position !== undefined;
    if (!this.reads(keys[0]!) && (!isRaw || this.rawLog.skip(segment))) return;
    if (isRaw) {
      await this.rawLog.verify(segment, keys[0]!, this.readRanges(segment, keys));
      return;
    }
    const stream = new TransactionStream({ firstTransaction: segment.first, place: { file: keys[0]! } });
    for (const [i, key] of keys.entries()) {
      const plain = this.objects.readNamed(key, segment.names[i]!.digest);
      for await (const piece of readTransactions(plain, key)) stream.feed(piece);
    }
    const { last } = stream.end();
    if (last?.transactionId === segment.last && last.checksum === segment.checksum) return;
    this.fault(
      keys[0]!,
      `it should end with transaction ${segment.last}`,
      `${last?.transactionId ?? 'no transaction'}`,
    );
  }

  private async *readRanges({ names }: Segment, keys: readonly string[]): AsyncGenerator<RawRange> {
    for (const [i, key] of keys.entries()) {
      yield* await readLogRanges(this.objects.readNamed(key, names[i]!.digest), key);
    }
  }

  private reads(key: string): boolean {
    return this.options.reads?.includes(key) === true;
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
      this.tell(error);
    }
  }

  private fault(key: string, message: string, observed: string): void {
    this.tell(objectError('repository.object-damaged', key, message, { observed }));
  }

  private tell(error: GraphkeepError): void {
    const { current } = this;
    if (current !== undefined) this.faults.set(current, (this.faults.get(current) ?? 0) + 1);
    this.options.onFault(error);
  }
}

/** What stands in the store; all other errors end the work. */
const FAULTS = /^(repository\.object-.*|object\.(missing|damaged)|peer\..*)$/;
