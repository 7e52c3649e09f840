import { hasCode } from '../../base/errors.ts';
import type { ObjectInfo, ObjectStore } from '../../objects/object-store.ts';
import { readWhole, sha256Of } from '../../objects/whole-object.ts';
import type { IndexLine } from '../catalogue/object-index.ts';
import { formatPartName, type PartName, parsePartName } from '../catalogue/part-name.ts';
import { formatSegmentName, parseSegmentName, type SegmentName } from '../catalogue/segment-name.ts';
import { objectError } from '../object-errors.ts';
import { MOST_OBJECT_BYTES } from '../seal/frames/limits.ts';
import { verifyStoredSize } from '../seal/unseal/whole-object.ts';

/** An object that is to be copied. */
export interface MovingObject {
  /** Its key in the source. */
  readonly key: string;
  /** Its name below the folder of its base or log. */
  readonly name: string;
  readonly storedBytes: number;
  /** How its SHA-256 begins, or all of it. */
  readonly digest: string;
  /** Undefined where no catalogue tells them. */
  readonly plainBytes: number | undefined;
  /** True if ranges of it will be read. */
  readonly hasTable: boolean;
  /** What stays if it is sealed anew: which bytes of the base or log it holds. */
  readonly identity: string;
  /** Its name if it is sealed anew. `sha256`: in hexadecimal. */
  rename(sha256: string, isEncrypted: boolean): string;
}

/** A part of store files, or a bundle. */
export function partToMove(folder: string, line: IndexLine): MovingObject {
  const name = parsePartName(line.object)!;
  return {
    key: `${folder}/${line.object}`,
    name: line.object,
    storedBytes: line.storedBytes,
    digest: line.sha256,
    plainBytes: line.bytes,
    hasTable: name.kind === 'part',
    identity: identityOf(line.object)!,
    rename: (sha256, isEncrypted) => formatPartName({ ...name, digest: sha256.slice(0, 16), isEncrypted }),
  };
}

/** An object of a log. `folder`: that of the log; `prefix`: what comes before its name, for one of a base. */
export function segmentToMove(
  folder: string,
  name: SegmentName,
  storedBytes: number,
  { prefix = '', digest = name.digest }: { prefix?: string; digest?: string } = {},
): MovingObject {
  const own = `${prefix}${formatSegmentName(name)}`;
  return {
    key: `${folder}/${own}`,
    name: own,
    storedBytes,
    digest,
    plainBytes: undefined,
    hasTable: false,
    identity: identityOf(own)!,
    rename: (sha256, isEncrypted) =>
      `${prefix}${formatSegmentName({ ...name, digest: sha256.slice(0, 32), isEncrypted })}`,
  };
}

const BLANK = { digest: '', isEncrypted: false };

/** Names without what sealing puts into them. Undefined for others than parts and segments. */
function identityOf(name: string): string | undefined {
  const part: PartName | undefined = parsePartName(name);
  if (part !== undefined) return formatPartName({ ...part, ...BLANK });
  const prefix = /^log\//.exec(name)?.[0] ?? '';
  const segment = parseSegmentName(name.slice(prefix.length));
  return segment === undefined ? undefined : `${prefix}${formatSegmentName({ ...segment, ...BLANK })}`;
}

/** What is in a folder of the target already. */
export class FolderContent {
  private readonly byName = new Map<string, ObjectInfo>();
  private readonly byIdentity = new Map<string, string[]>();

  static async list(store: ObjectStore, folder: string, signal: AbortSignal): Promise<FolderContent> {
    const content = new FolderContent();
    for await (const info of store.list(`${folder}/`, undefined, signal))
      content.add(info.key.slice(folder.length + 1), info);
    return content;
  }

  get(name: string): ObjectInfo | undefined {
    return this.byName.get(name);
  }

  /** Names of the objects that hold the same bytes, sealed by an earlier run. */
  namesOf({ identity }: MovingObject): readonly string[] {
    return this.byIdentity.get(identity) ?? [];
  }

  private add(name: string, info: ObjectInfo): void {
    this.byName.set(name, info);
    const identity = identityOf(name);
    if (identity === undefined) return;
    const names = this.byIdentity.get(identity);
    if (names === undefined) this.byIdentity.set(identity, [name]);
    else names.push(name);
  }
}

/**
 * The stored bytes of an object of the source, and their SHA-256 in hexadecimal.
 * @throws GraphkeepError `repository.object-*` if they are not those that were written, `object.missing`
 */
export async function fetchVerified(
  store: ObjectStore,
  object: MovingObject,
  signal: AbortSignal,
): Promise<{ stored: Buffer; sha256: string }> {
  const { key, storedBytes, digest } = object;
  const stored = await readWhole(store, key, { mostBytes: MOST_OBJECT_BYTES }, signal);
  verifyStoredSize(stored, key, storedBytes);
  const sha256 = sha256Of(stored).toString('hex');
  if (sha256.startsWith(digest)) return { stored, sha256 };
  throw objectError('repository.object-damaged', key, 'it has another SHA-256 than it should', { observed: sha256 });
}

/** The SHA-256 of an object in the target, in hexadecimal; undefined if it is not the one that its name says, or gone. */
export async function sha256InTarget(
  store: ObjectStore,
  folder: string,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const key = `${folder}/${name}`;
  const digest = parsePartName(name)?.digest ?? parseSegmentName(name.replace(/^log\//, ''))!.digest;
  try {
    const known = (await store.stat(key, signal))?.sha256;
    const sha256 = known ?? sha256Of(await readWhole(store, key, { mostBytes: MOST_OBJECT_BYTES }, signal));
    const text = Buffer.from(sha256).toString('hex');
    return text.startsWith(digest) ? text : undefined;
  } catch (error) {
    if (hasCode(error, 'object.missing', 'object.damaged')) return undefined;
    throw error;
  }
}
