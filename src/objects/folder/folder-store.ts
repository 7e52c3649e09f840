import { constants } from 'node:fs';
import { type FileHandle, link, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { lstatIfExists, makeDirectory, syncDirectory } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { isMissing, systemCodeOf } from '../../base/file-errors.ts';
import { grantRights, limitByUmask, rightsBelow } from '../../base/file-rights.ts';
import { describeIrregular } from '../../base/regular-files.ts';
import { requireKey, requireListPrefix } from '../keys.ts';
import { objectError, rangeWithin, requireRange } from '../object-errors.ts';
import type {
  ByteRange,
  CreateOptions,
  ObjectInfo,
  ObjectStore,
  ReadObject,
  ReceiveChunk,
  RemoveResult,
  StoreCapabilities,
} from '../object-store.ts';
import { folderError, inFolder, isAbsent } from './folder-errors.ts';
import { describeFile, etagOf, listFolder, lookAt } from './folder-listing.ts';
import { ObjectDirectories } from './object-directories.ts';
import { TemporaryObjects } from './temporary-objects.ts';

const CHUNK_BYTES = 1 << 20;

/** How often a directory may vanish under a writer, because somebody else removed its last object. */
const MOST_LOST_DIRECTORIES = 10;

/** What a file system without hard links answers: FAT, and some network mounts. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/**
 * Objects as files below one folder; a key is the path of its file. A new object is written under a temporary name, flushed, and gets its
 * name by `link`, which fails if the name exists: whoever sees the name sees all of it, and of several writers one wins. Files and
 * directories get the owner of the folder, and can be read by whom the folder admits.
 */
export class FolderStore implements ObjectStore {
  readonly kind = 'folder';
  readonly address: string;
  capabilities: StoreCapabilities = {
    conditionalCreate: true,
    conditionalReplace: false,
    serverSideCopy: true,
    startAfter: true,
    storedChecksum: false,
    objectLock: false,
    versions: false,
  };
  private readonly directories: ObjectDirectories;
  private readonly temporaries: TemporaryObjects;

  private constructor(root: string, directories: ObjectDirectories, temporaries: TemporaryObjects) {
    this.address = root;
    this.directories = directories;
    this.temporaries = temporaries;
  }

  /**
   * Opens the store in an existing folder. With `create`, a missing one is made, for its owner only.
   * @throws GraphkeepError `object.no-store`
   */
  static async open(path: string, { create = false }: { create?: boolean } = {}): Promise<FolderStore> {
    return await inFolder('open the folder', path, async () => {
      if (create && (await lstatIfExists(path)) === undefined) {
        await makeDirectory(path);
        await grantRights(path, await rightsBelow(dirname(path)));
      }
      const root = await requireFolder(path);
      const { mode, uid, gid } = await stat(root);
      const modes = limitByUmask({ directory: mode & 0o777, file: mode & 0o666 });
      const rights = { owner: { uid, gid }, modes };
      return new FolderStore(root, new ObjectDirectories(root, rights), new TemporaryObjects(root, rights));
    });
  }

  async create(
    key: string,
    body: Uint8Array,
    _sha256: Uint8Array,
    { lock }: CreateOptions,
    signal: AbortSignal,
  ): Promise<void> {
    requireKey(key);
    throwIfCancelled(signal);
    const place = { file: join(this.address, key) };
    if (lock !== undefined && lock !== 'none') {
      throw new GraphkeepError('object.unsupported', 'a folder cannot protect objects from removal', { place });
    }
    await this.place(key, await this.temporaries.write(body));
  }

  /** Gives a temporary file its name, unless that exists; the temporary one is gone in any case. */
  private async place(key: string, temporary: string): Promise<void> {
    const path = join(this.address, key);
    try {
      await inFolder('create the object', path, async () => {
        await this.inDirectory(key, () => this.linkNew(temporary, path));
        await syncDirectory(dirname(path));
      });
    } finally {
      await this.temporaries.discard(temporary);
    }
  }

  /** Runs `action` with the directory of the key made; again if somebody removes it in between, because it is empty. */
  private async inDirectory(key: string, action: () => Promise<void>): Promise<void> {
    for (let lost = 0; ; lost++) {
      try {
        await this.directories.make(key);
        await action();
        return;
      } catch (error) {
        if (!isMissing(error) || lost === MOST_LOST_DIRECTORIES) throw error;
        this.directories.forget();
      }
    }
  }

  private async linkNew(from: string, path: string): Promise<void> {
    try {
      await link(from, path);
    } catch (error) {
      const code = systemCodeOf(error) ?? '';
      if (code === 'EEXIST') throw objectError('object.exists', { file: path }, { cause: error });
      if (!NO_LINKS.includes(code)) throw error;
      this.capabilities.conditionalCreate = false;
      if ((await lookAt(path)) !== undefined) throw objectError('object.exists', { file: path });
      await rename(from, path);
    }
  }

  async replace(key: string, body: Uint8Array, etag: string | undefined, signal: AbortSignal): Promise<string> {
    requireKey(key);
    throwIfCancelled(signal);
    const path = join(this.address, key);
    const temporary = await this.temporaries.write(body);
    const written = await inFolder('read', temporary, () => lookAt(temporary));
    if (etag === undefined) {
      await this.place(key, temporary).catch((error: unknown) => {
        throw error instanceof GraphkeepError && error.code === 'object.exists'
          ? objectError('object.changed', { file: path }, { cause: error })
          : error;
      });
    } else {
      await inFolder('replace the object', path, async () => {
        try {
          if ((await this.stat(key, signal))?.etag !== etag) throw objectError('object.changed', { file: path });
          await rename(temporary, path);
        } finally {
          await this.temporaries.discard(temporary);
        }
        await syncDirectory(dirname(path));
      });
    }
    return etagOf(written!);
  }

  async read(
    key: string,
    range: ByteRange | undefined,
    receive: ReceiveChunk,
    signal: AbortSignal,
  ): Promise<ReadObject> {
    requireKey(key);
    requireRange(range);
    throwIfCancelled(signal);
    const file = await this.openObject(key);
    const place = { file: join(this.address, key) };
    try {
      const info = await inFolder('read', place.file, () => file.stat({ bigint: true }));
      if (!info.isFile()) throw objectError('object.missing', place);
      const { size, etag } = describeFile(key, info);
      const { from, to } = rangeWithin(size, range, place);
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - from));
      for (let at = from; at < to; ) {
        throwIfCancelled(signal);
        const wanted = Math.min(buffer.length, to - at);
        const { bytesRead } = await inFolder('read', place.file, () => file.read(buffer, 0, wanted, at));
        if (bytesRead === 0) {
          throw new GraphkeepError('object.damaged', 'the object became shorter', { place, observed: `${at} bytes` });
        }
        await receive(buffer.subarray(0, bytesRead), { size, etag });
        at += bytesRead;
      }
      return { size, etag };
    } finally {
      await file.close();
    }
  }

  private async openObject(key: string): Promise<FileHandle> {
    const place = { file: join(this.address, key) };
    try {
      const path = await this.directories.find(key);
      if (path === undefined) throw objectError('object.missing', place);
      // Neither follows a link nor waits for somebody who writes into a named pipe. Windows has no such flags.
      return await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    } catch (error) {
      if (isAbsent(error) || systemCodeOf(error) === 'ELOOP') throw objectError('object.missing', place);
      throw folderError(error, 'open the object', place.file);
    }
  }

  async stat(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    requireKey(key);
    throwIfCancelled(signal);
    return await inFolder('read', join(this.address, key), async () => {
      const path = await this.directories.find(key);
      const info = path === undefined ? undefined : await lookAt(path);
      return info?.isFile() ? describeFile(key, info) : undefined;
    });
  }

  async *list(prefix: string, startAfter: string | undefined, signal: AbortSignal): AsyncGenerator<ObjectInfo, void> {
    requireListPrefix(prefix);
    throwIfCancelled(signal);
    yield* listFolder({ root: this.address, prefix, startAfter, signal });
  }

  /** The copy is another name of the same file: it needs no room. */
  async copy(from: string, to: string, signal: AbortSignal): Promise<void> {
    requireKey(to);
    if ((await this.stat(from, signal)) === undefined) {
      throw objectError('object.missing', { file: join(this.address, from) });
    }
    const path = join(this.address, to);
    await inFolder('copy the object', path, async () => {
      await this.inDirectory(to, async () => {
        await link(join(this.address, from), path).catch(async (error: unknown) => {
          if (systemCodeOf(error) === 'EEXIST') throw objectError('object.exists', { file: path }, { cause: error });
          if (!NO_LINKS.includes(systemCodeOf(error) ?? '')) throw error;
          this.capabilities.serverSideCopy = false;
          throw new GraphkeepError('object.unsupported', 'this file system has no hard links', {
            place: { file: path },
            cause: error,
          });
        });
      });
      await syncDirectory(dirname(path));
    });
  }

  async remove(keys: readonly string[], signal: AbortSignal): Promise<RemoveResult[]> {
    keys.forEach(requireKey);
    const results: RemoveResult[] = [];
    const touched = new Set<string>();
    for (const key of keys) {
      throwIfCancelled(signal);
      try {
        if ((await this.stat(key, signal)) !== undefined) await this.removeOne(key, touched);
        results.push({ key, removed: true });
      } catch (error) {
        results.push({ key, removed: false, error });
      }
    }
    await inFolder('remove objects', this.address, () => this.directories.tidyUp(touched));
    return results;
  }

  private async removeOne(key: string, touched: Set<string>): Promise<void> {
    const path = join(this.address, key);
    try {
      await unlink(path);
      touched.add(dirname(path));
    } catch (error) {
      if (!isAbsent(error)) throw folderError(error, 'remove the object', path);
    }
  }

  async now(signal: AbortSignal): Promise<Date> {
    throwIfCancelled(signal);
    const temporary = await this.temporaries.write(new Uint8Array());
    try {
      const info = await inFolder('read', temporary, () => lookAt(temporary));
      return new Date(Number(info!.mtimeMs));
    } finally {
      await this.temporaries.discard(temporary);
    }
  }
}

/** The real path of the folder. */
async function requireFolder(path: string): Promise<string> {
  const place = { file: path };
  try {
    const root = await realpath(path);
    const kind = describeIrregular(await stat(root)) ?? 'a file';
    if (kind === 'a directory') return root;
    throw new GraphkeepError('object.no-store', 'there must be a directory here', { place, observed: kind });
  } catch (error) {
    if (!isAbsent(error)) throw error;
    throw new GraphkeepError('object.no-store', 'the folder does not exist', { place, cause: error });
  }
}
