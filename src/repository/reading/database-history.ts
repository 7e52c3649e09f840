import { type GraphkeepError, hasCode } from '../../base/errors.ts';
import type { ObjectInfo, ObjectStore } from '../../objects/object-store.ts';
import { readWhole } from '../../objects/whole-object.ts';
import { MOST_JSON_BYTES } from '../catalogue/json-object.ts';
import { findLogChain, findRunAfter, type LogChain } from '../catalogue/log-chain.ts';
import { type Manifest, parseManifest } from '../catalogue/manifest.ts';
import { type MarkName, parseMarkName } from '../catalogue/mark-name.ts';
import {
  baseFolder,
  databaseFolder,
  MANIFEST_NAME,
  manifestKey,
  parseStampedId,
  timelineKey,
} from '../catalogue/object-keys.ts';
import { parseSegmentName, type SegmentName } from '../catalogue/segment-name.ts';
import { parseTimeline, type Timeline } from '../catalogue/timeline.ts';
import { objectError } from '../object-errors.ts';

/** What a repository has of one unbroken history of a database. */
export interface TimelineHistory {
  readonly timeline: Timeline;
  /** Complete ones, oldest first. */
  readonly bases: readonly Manifest[];
  /** Of the log after the first base. */
  readonly chain: LogChain;
  /** Number and stored bytes of the objects of the log. */
  readonly logObjects: number;
  readonly logBytes: number;
  /** What is said of bases, also of those that are gone, in the order of their names. */
  readonly marks: readonly MarkName[];
}

interface Found {
  timeline?: string;
  manifests: string[];
  /** Their folders. */
  bases: Set<string>;
  segments: SegmentName[];
  logBytes: number;
  marks: MarkName[];
}

/** What a repository has of a database. */
export interface DatabaseContent {
  /** Oldest first. */
  readonly histories: readonly TimelineHistory[];
  /** Folders of bases without a manifest: interrupted, or under way. Oldest first. */
  readonly unfinished: readonly string[];
}

/** The timelines of a database, oldest first. */
export async function readHistory(
  store: ObjectStore,
  database: string,
  signal: AbortSignal,
): Promise<readonly TimelineHistory[]> {
  return (await readDatabase(store, database, signal)).histories;
}

/**
 * Lists a database once, and reads its timelines and manifests. Names that follow no rule are passed over. `onDamaged` is told of timelines
 * and manifests that cannot be read, which are then passed over too; without it they end the work.
 */
export async function readDatabase(
  store: ObjectStore,
  database: string,
  signal: AbortSignal,
  onDamaged?: (error: GraphkeepError) => void,
): Promise<DatabaseContent> {
  const attempt = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (onDamaged === undefined || !hasCode(error, 'repository.object-damaged', 'object.damaged', 'object.missing'))
        throw error;
      onDamaged(error);
      return undefined;
    }
  };
  const histories: TimelineHistory[] = [];
  const unfinished: string[] = [];
  for (const found of await findTimelines(store, database, signal)) {
    const { timeline, manifests, segments, logBytes, marks } = found;
    unfinished.push(...[...found.bases].filter((folder) => !manifests.includes(`${folder}/${MANIFEST_NAME}`)).sort());
    if (timeline === undefined) continue;
    const read = (key: string) => readWhole(store, key, { mostBytes: MOST_JSON_BYTES }, signal);
    const bases: Manifest[] = [];
    for (const key of manifests.sort()) {
      const base = await attempt(async () => {
        const manifest = parseManifest(await read(key), key);
        requirePlace(key, manifestKey(manifest.database, manifest.timeline, manifest.id));
        return manifest;
      });
      if (base !== undefined) bases.push(base);
    }
    const parsed = await attempt(async () => {
      const began = parseTimeline(await read(timeline), timeline);
      requirePlace(timeline, timelineKey(began.database, began.id));
      return began;
    });
    const log = { chain: findLogChain(segments), logObjects: segments.length, logBytes };
    if (parsed !== undefined) histories.push({ timeline: parsed, bases, ...log, marks });
  }
  return { histories, unfinished };
}

/** What names tell of each timeline, oldest first. */
async function findTimelines(store: ObjectStore, database: string, signal: AbortSignal): Promise<Found[]> {
  const found = new Map<string, Found>();
  for await (const { key, size } of listWithoutData(store, `${databaseFolder(database)}/`, signal)) {
    const [, , id = '', kind = '', name = '', file = ''] = key.split('/');
    if (parseStampedId(id) === undefined) continue;
    const entry = found.get(id) ?? { manifests: [], bases: new Set(), segments: [], logBytes: 0, marks: [] };
    found.set(id, entry);
    if (kind === 'timeline.json') entry.timeline = key;
    if (kind === 'base' && parseStampedId(name) !== undefined) {
      const folder = baseFolder(database, id, name);
      entry.bases.add(folder);
      if (key === `${folder}/${MANIFEST_NAME}`) entry.manifests.push(key);
    }
    const segment = kind === 'log' && file === '' ? parseSegmentName(name) : undefined;
    if (segment !== undefined) {
      entry.segments.push(segment);
      entry.logBytes += size;
    }
    const mark = kind === 'mark' && file === '' ? parseMarkName(name) : undefined;
    if (mark !== undefined) entry.marks.push(mark);
  }
  return [...found.keys()].sort().map((id) => found.get(id)!);
}

/** What an object says of its place is used to find others. */
function requirePlace(key: string, said: string): void {
  if (key === said) return;
  throw objectError('repository.object-damaged', key, 'it belongs to another place', { observed: said });
}

/** The names of all databases of a repository. */
export async function listDatabases(store: ObjectStore, signal: AbortSignal): Promise<string[]> {
  const names: string[] = [];
  for (let after: string | undefined; ; ) {
    const next = await firstKey(store, 'db/', after, signal);
    if (next === undefined) return names;
    const name = next.split('/')[1]!;
    names.push(name);
    // Behind everything of this database: `0` comes after `/`.
    after = `${databaseFolder(name)}0`;
  }
}

async function firstKey(
  store: ObjectStore,
  prefix: string,
  after: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  for await (const { key } of store.list(prefix, after, signal)) return key;
  return undefined;
}

/** Lists a folder, but of the parts of store files, which are most of the objects, only the first one of each base. */
async function* listWithoutData(store: ObjectStore, prefix: string, signal: AbortSignal): AsyncGenerator<ObjectInfo> {
  for (let after: string | undefined; ; ) {
    let data: string | undefined;
    for await (const info of store.list(prefix, after, signal)) {
      yield info;
      data = /^(.*\/base\/[^/]+\/data)\//.exec(info.key)?.[1];
      if (data !== undefined) break;
    }
    if (data === undefined) return;
    after = `${data}0`;
  }
}

/** The last transaction that can be had of a timeline, and its checksum; undefined without a complete base. */
export function headOf({
  bases,
  chain,
}: Pick<TimelineHistory, 'bases' | 'chain'>): { id: number; checksum: bigint; newestCommit: Date } | undefined {
  const base = bases.at(-1);
  if (base === undefined) return undefined;
  const { transaction: id, checksum } = base.consistentAt;
  const run = findRunAfter(chain, id);
  if (run === undefined) return { id, checksum, newestCommit: base.newestCommit };
  const newestCommit = run.newestCommit > base.newestCommit ? run.newestCommit : base.newestCommit;
  return { id: run.last, checksum: run.checksum, newestCommit };
}
