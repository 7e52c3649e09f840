import { GraphkeepError } from '../../base/errors.ts';
import { deliverInOrder, workInSlots } from '../../base/slots.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { readWhole, sha256Of } from '../../objects/whole-object.ts';
import { MOST_JSON_BYTES } from '../catalogue/json-object.ts';
import { joinPieces, type Segment } from '../catalogue/log-chain.ts';
import { formatManifest, type Manifest } from '../catalogue/manifest.ts';
import type { IndexLine } from '../catalogue/object-index.ts';
import { baseFolder, INDEX_NAME, logFolder, manifestKey, timelineKey } from '../catalogue/object-keys.ts';
import { formatSegmentName, parseSegmentName, type SegmentName } from '../catalogue/segment-name.ts';
import { objectError } from '../object-errors.ts';
import { createSmall, type Repository } from '../opening/repository.ts';
import { decodeLines, readIndexBytes } from '../reading/base-index.ts';
import { readDatabase, type TimelineHistory } from '../reading/database-history.ts';
import { encodeIndex, settleBase, storedObjectsOf } from '../writing/base-end.ts';
import { COMPRESSION } from '../writing/repository-pool.ts';
import type { Carrier, Moved, ReadyObject } from './carriers.ts';
import { FolderContent, type MovingObject, partToMove, segmentToMove } from './moving-object.ts';

export interface DatabaseCopyOptions {
  readonly from: Repository;
  readonly to: Repository;
  readonly database: string;
  readonly carrier: Carrier;
  readonly signal: AbortSignal;
  /** Stored bytes that are to be copied, some of which may be there already. */
  readonly onPlan: (bytes: number) => void;
  /** Called after each object with its size in the source. */
  readonly onObject: (bytes: number) => void;
  /** Something in the source that cannot be copied, as it is missing or damaged. */
  readonly onFault: (error: GraphkeepError) => void;
}

/** What a copy has done. */
export interface CopyResult {
  /** Full backups that are complete in the target now. */
  bases: number;
  /** Full backups that were there before. */
  knownBases: number;
  /** Objects of the log that were sent. */
  segments: number;
  /** All objects that were sent, and their size. */
  objects: number;
  bytes: number;
}

/**
 * Copies every timeline of a database into another repository: base by base, each with its manifest last, then the log after them. Nothing
 * is sent that is there already, so a copy that was killed goes on. Every object is verified on its way; one that is damaged is told, and
 * the base to which it belongs is not completed.
 */
export async function copyDatabase(options: DatabaseCopyOptions): Promise<CopyResult> {
  return await new DatabaseCopy(options).run();
}

/** A timeline, and what of it is to be copied. */
interface TimelineWork {
  readonly history: TimelineHistory;
  readonly bases: readonly Manifest[];
  readonly segments: readonly Segment[];
  readonly sizes: ReadonlyMap<string, number>;
  /** The target has a complete base of it. */
  hasBase: boolean;
  /** The target has its first object. */
  isBegun: boolean;
}

class DatabaseCopy {
  private readonly options: DatabaseCopyOptions;
  private readonly source: ObjectStore;
  private readonly target: ObjectStore;
  private readonly result: CopyResult = { bases: 0, knownBases: 0, segments: 0, objects: 0, bytes: 0 };

  constructor(options: DatabaseCopyOptions) {
    this.options = options;
    this.source = options.from.store;
    this.target = options.to.store;
  }

  async run(): Promise<CopyResult> {
    const works = await this.plan();
    for (const work of works) {
      for (const manifest of work.bases) await this.attempt(manifest, () => this.copyBase(manifest, work));
      // Without a base, nothing could be restored from its log.
      if (work.hasBase) await this.copyLog(work);
    }
    return this.result;
  }

  private async plan(): Promise<TimelineWork[]> {
    const { database, signal, onFault, onPlan } = this.options;
    const { histories } = await readDatabase(this.source, database, signal, onFault);
    const there = await readDatabase(this.target, database, signal);
    const known = new Map(there.histories.map((history) => [history.timeline.id, history]));
    const works: TimelineWork[] = [];
    let bytes = 0;
    for (const history of histories) {
      const { id } = history.timeline;
      const complete = new Set(known.get(id)?.bases.map((base) => base.id));
      const bases = history.bases.filter((base) => !complete.has(base.id));
      this.result.knownBases += history.bases.length - bases.length;
      const sizes = new Map<string, number>();
      const names: SegmentName[] = [];
      const folder = logFolder(database, id);
      for await (const { key, size } of this.source.list(`${folder}/`, undefined, signal)) {
        const name = parseSegmentName(key.slice(folder.length + 1));
        if (name === undefined) continue;
        names.push(name);
        sizes.set(formatSegmentName(name), size);
        bytes += size;
      }
      for (const base of bases) bytes += base.storedBytes;
      const { segments } = joinPieces(names);
      works.push({ history, bases, segments, sizes, hasBase: complete.size > 0, isBegun: known.has(id) });
    }
    onPlan(bytes);
    return works;
  }

  private async copyBase(manifest: Manifest, work: TimelineWork): Promise<void> {
    const { carrier, signal } = this.options;
    const folder = baseFolder(manifest.database, manifest.timeline, manifest.id);
    if (manifest.index.object !== INDEX_NAME) {
      const details = { observed: manifest.index.object };
      throw objectError('repository.object-damaged', folder, 'the index of the base has another name', details);
    }
    const there = await FolderContent.list(this.target, folder, signal);
    const original = await readIndexBytes(this.source, manifest, signal);
    const lines: IndexLine[] = [];
    let place = 0;
    const parts = async function* () {
      for await (const line of decodeLines(original, manifest)) yield { line, place: place++ };
    };
    await workInSlots(parts(), carrier.slots, async ({ line, place }) => {
      const { name, bytes, sha256 } = await this.move(partToMove(folder, line), there, folder);
      lines[place] = { ...line, object: name, storedBytes: bytes, sha256 };
    });
    const log: Manifest['log'] = [];
    await deliverInOrder(
      logOf(manifest, folder),
      carrier.slots,
      (object) => this.fetch(object, there, folder),
      async (fetched, object) => {
        const { name, bytes, sha256 } = await this.deliver(fetched, object, folder);
        log.push({ object: name, bytes, sha256 });
      },
      release,
    );
    const index = carrier.isUnchanged ? original : await encodeIndex(lines);
    await this.storeIndex(`${folder}/${INDEX_NAME}`, index, there);
    await settleBase(this.target, folder, storedObjectsOf(lines, log), signal);
    await this.publish(manifest, work, lines, index, log);
  }

  /** The timeline first, the manifest last: then the base exists. */
  private async publish(
    manifest: Manifest,
    work: TimelineWork,
    lines: readonly IndexLine[],
    index: Buffer,
    log: Manifest['log'],
  ): Promise<void> {
    const { from, to, carrier, signal } = this.options;
    if (!work.isBegun) await this.copySmall(timelineKey(manifest.database, manifest.timeline));
    work.isBegun = true;
    const key = manifestKey(manifest.database, manifest.timeline, manifest.id);
    if (carrier.isUnchanged) await this.copySmall(key);
    else {
      const sum = [...storedObjectsOf(lines, log).values()].reduce((total, bytes) => total + bytes, index.length);
      const bytes = formatManifest({
        ...manifest,
        storedBytes: sum,
        index: { object: INDEX_NAME, bytes: index.length, sha256: sha256Of(index).toString('hex') },
        log,
        compression: COMPRESSION,
        encryption: to.settings.encryption,
        copiedFrom: { repository: from.settings.id },
      });
      await createSmall(this.target, key, bytes, signal);
      this.sent(bytes.length);
    }
    work.hasBase = true;
    this.result.bases++;
  }

  /** Segment by segment: a kill leaves no gap. One that is damaged is left out. */
  private async copyLog({ history, segments, sizes }: TimelineWork): Promise<void> {
    const { database, carrier, signal } = this.options;
    const folder = logFolder(database, history.timeline.id);
    const there = await FolderContent.list(this.target, folder, signal);
    const pieces = segments.flatMap((segment) =>
      segment.names.map((name) => ({
        segment,
        object: segmentToMove(folder, name, sizes.get(formatSegmentName(name))!),
      })),
    );
    const broken = new Set<Segment>();
    await deliverInOrder(
      pieces,
      carrier.slots,
      ({ object }) =>
        this.fetch(object, there, folder).catch((error: unknown) => {
          if (isFault(error)) return error;
          throw error;
        }),
      async (fetched, { segment, object }) => {
        if (fetched instanceof GraphkeepError) {
          // One that was there a moment ago was removed by somebody.
          if (!broken.has(segment) && fetched.code !== 'object.missing') this.options.onFault(fetched);
          broken.add(segment);
        } else if (broken.has(segment)) {
          // Without the others, a piece of a transaction is of no use.
          release(fetched);
        } else {
          if ('body' in fetched) this.result.segments++;
          await this.deliver(fetched, object, folder);
        }
      },
      (fetched) => {
        if (!(fetched instanceof GraphkeepError)) release(fetched);
      },
    );
  }

  private async move(object: MovingObject, there: FolderContent, folder: string): Promise<Moved> {
    return await this.deliver(await this.fetch(object, there, folder), object, folder);
  }

  private async fetch(object: MovingObject, there: FolderContent, folder: string): Promise<Moved | ReadyObject> {
    const { carrier } = this.options;
    return (await carrier.findSent(object, there, folder)) ?? (await carrier.prepare(object));
  }

  private async deliver(fetched: Moved | ReadyObject, object: MovingObject, folder: string): Promise<Moved> {
    if ('body' in fetched) {
      const { name, body, sha256 } = fetched;
      try {
        await this.target.create(`${folder}/${name}`, body, Buffer.from(sha256, 'hex'), {}, this.options.signal);
      } finally {
        release(fetched);
      }
      this.sent(fetched.bytes);
    }
    this.options.onObject(object.storedBytes);
    return fetched;
  }

  /** A killed run may have left another one, which nothing refers to. */
  private async storeIndex(key: string, bytes: Buffer, there: FolderContent): Promise<void> {
    const { signal } = this.options;
    const found = there.get(INDEX_NAME);
    if (found !== undefined) {
      const old =
        found.size === bytes.length
          ? await readWhole(this.target, key, { mostBytes: bytes.length }, signal)
          : undefined;
      if (old?.equals(bytes)) return;
      const [removed] = await this.target.remove([key], signal);
      if (removed?.removed === false) throw removed.error;
    }
    await createSmall(this.target, key, bytes, signal);
    this.sent(bytes.length);
  }

  private async copySmall(key: string): Promise<void> {
    const { signal } = this.options;
    const bytes = await readWhole(this.source, key, { mostBytes: MOST_JSON_BYTES }, signal);
    await createSmall(this.target, key, bytes, signal);
    this.sent(bytes.length);
  }

  private sent(bytes: number): void {
    this.result.objects++;
    this.result.bytes += bytes;
  }

  /** What is wrong with one base does not keep the others from being copied; a store that fails does. */
  private async attempt({ database, timeline, id }: Manifest, copy: () => Promise<void>): Promise<void> {
    try {
      await copy();
    } catch (error) {
      if (!isFault(error)) throw error;
      // Without its manifest it was removed meanwhile, and there is nothing to tell.
      const manifest = manifestKey(database, timeline, id);
      if ((await this.source.stat(manifest, this.options.signal)) !== undefined) this.options.onFault(error);
    }
  }
}

function release(object: Moved | ReadyObject): void {
  if ('release' in object) object.release();
}

/** The log of a base. */
function logOf({ log }: Manifest, folder: string): MovingObject[] {
  return log.map(({ object, bytes, sha256 }) => {
    const name = parseSegmentName(object.slice('log/'.length));
    if (name !== undefined && object.startsWith('log/'))
      return segmentToMove(folder, name, bytes, { prefix: 'log/', digest: sha256 });
    throw objectError('repository.object-damaged', `${folder}/${object}`, 'no object of a log has such a name');
  });
}

/** What stands in the stores; all other errors end the work. */
function isFault(error: unknown): error is GraphkeepError {
  return error instanceof GraphkeepError && /^(repository\.object-.*|object\.(missing|damaged))$/.test(error.code);
}
