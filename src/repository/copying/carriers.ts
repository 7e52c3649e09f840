import type { ObjectStore } from '../../objects/object-store.ts';
import type { Encryption } from '../catalogue/json-fields.ts';
import { objectError } from '../object-errors.ts';
import type { StoredObjects } from '../reading/stored-objects.ts';
import type { SealPool } from '../seal/pool/seal-pool.ts';
import { digestOf } from '../writing/base-files.ts';
import { type FolderContent, fetchVerified, type MovingObject, sha256InTarget } from './moving-object.ts';

/** An object of the target, as its index or manifest will name it. */
export interface Moved {
  readonly name: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** An object that can be sent to the target. */
export interface ReadyObject extends Moved {
  readonly body: Uint8Array;
  /** Gives its memory back. */
  release(): void;
}

/** How objects come from one repository into another. */
export interface Carrier {
  /** Objects keep their bytes, and so their names. */
  readonly isUnchanged: boolean;
  /** How many are on their way at the same time: what memory allows. */
  readonly slots: number;
  /**
   * The object in the target, if an earlier run has sent it; undefined if it is to be sent.
   * @throws GraphkeepError `repository.object-damaged` if something else has its name
   */
  findSent(object: MovingObject, there: FolderContent, folder: string): Promise<Moved | undefined>;
  /** Fetches and verifies an object of the source. @throws GraphkeepError `repository.object-*`, `repository.key-*`, `object.missing` */
  prepare(object: MovingObject): Promise<ReadyObject>;
}

/** True if the objects of one repository can be those of the other one. */
export function isSameEncryption(one: Encryption, other: Encryption): boolean {
  if (one.method === 'none' || other.method === 'none') return one.method === other.method;
  return [...new Set(one.recipients)].sort().join() === [...new Set(other.recipients)].sort().join();
}

/** Both repositories have the same recipients: objects stay as they are, and no key is needed. */
export class UnchangedCarrier implements Carrier {
  readonly isUnchanged = true;
  readonly slots = 3;
  private readonly source: ObjectStore;
  private readonly signal: AbortSignal;

  constructor(source: ObjectStore, signal: AbortSignal) {
    this.source = source;
    this.signal = signal;
  }

  async findSent({ name, storedBytes, digest }: MovingObject, there: FolderContent, folder: string) {
    const found = there.get(name);
    if (found === undefined) return undefined;
    if (found.size === storedBytes) return { name, bytes: storedBytes, sha256: digest };
    throw objectError('repository.object-damaged', `${folder}/${name}`, 'in the target it has another size', {
      observed: `${found.size} in place of ${storedBytes}`,
    });
  }

  async prepare(object: MovingObject): Promise<ReadyObject> {
    const { stored, sha256 } = await fetchVerified(this.source, object, this.signal);
    return { name: object.name, bytes: stored.length, sha256, body: stored, release: () => {} };
  }
}

export interface ResealingOptions {
  readonly objects: StoredObjects;
  readonly pool: () => Promise<SealPool>;
  readonly target: ObjectStore;
  /** Of the target. */
  readonly isEncrypted: boolean;
  readonly signal: AbortSignal;
}

/** The target has other recipients, or none: objects are unsealed, and sealed for them. */
export class ResealingCarrier implements Carrier {
  readonly isUnchanged = false;
  readonly slots = 2;
  private readonly options: ResealingOptions;

  constructor(options: ResealingOptions) {
    this.options = options;
  }

  /** No two sealed objects are alike, so the one of an earlier run is found by what it holds. */
  async findSent(object: MovingObject, there: FolderContent, folder: string): Promise<Moved | undefined> {
    const { target, signal } = this.options;
    for (const name of there.namesOf(object)) {
      const sha256 = await sha256InTarget(target, folder, name, signal);
      if (sha256 !== undefined) return { name, bytes: there.get(name)!.size, sha256 };
    }
    return undefined;
  }

  async prepare(object: MovingObject): Promise<ReadyObject> {
    const { objects, isEncrypted } = this.options;
    const { key, storedBytes: bytes, digest, hasTable } = object;
    const plain =
      digest.length === 64
        ? objects.read({ key, bytes, sha256: Buffer.from(digest, 'hex') })
        : objects.readNamed(key, digest);
    const sealing = await (await this.options.pool()).open({ hasTable });
    let plainBytes = 0;
    try {
      for await (const piece of plain) {
        if (piece.length > sealing.roomBytes)
          throw objectError('repository.object-oversized', key, 'it holds more than an object may');
        await sealing.write(piece);
        plainBytes += piece.length;
      }
      if (plainBytes !== (object.plainBytes ?? plainBytes)) {
        throw objectError('repository.object-damaged', key, `it should hold ${object.plainBytes} bytes of a file`, {
          observed: plainBytes,
        });
      }
    } catch (error) {
      sealing.abandon();
      throw error;
    }
    const sealed = await sealing.seal();
    const sha256 = digestOf(sealed);
    return {
      name: object.rename(sha256, isEncrypted),
      bytes: sealed.bytes.length,
      sha256,
      body: sealed.bytes,
      release: sealed.release,
    };
  }
}
