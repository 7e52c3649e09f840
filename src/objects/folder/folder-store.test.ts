import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeObjectStore } from '../../../test/support/conformance/object-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { BALLAST, canMount, SmallDisk } from '../../../test/support/faults/small-disk.ts';
import { readWhole, sha256Of } from '../whole-object.ts';
import { FolderStore } from './folder-store.ts';

describeObjectStore('a folder', async (scratch) => ({
  open: () => FolderStore.open(join(scratch, 'objects'), { create: true }),
  close: async () => {},
}));

const never = new AbortController().signal;
const DAY_MS = 24 * 3_600_000;

let scratch: string;
let root: string;

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  root = join(scratch, 'objects');
});
afterEach(() => removeDirectory(scratch));

const open = () => FolderStore.open(root, { create: true });
const create = (store: FolderStore, key: string, content: string | Buffer) => {
  const body = Buffer.from(content);
  return store.create(key, body, sha256Of(body), {}, never);
};
async function keysOf(store: FolderStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, undefined, never)) keys.push(key);
  return keys;
}
/** Every name below the folder. */
const names = () => readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();

describe('the folder of a store', () => {
  it('a folder must exist, or its creation be asked for', async () => {
    await expect(FolderStore.open(root)).rejects.toMatchObject({ code: 'object.no-store', place: { file: root } });
    expect(existsSync(root)).toBe(false);
    await create(await open(), 'a', 'x');
    expect(await keysOf(await FolderStore.open(root))).toEqual(['a']);
  });

  it('a file is no folder, nor is what is below a file', async () => {
    writeFileSync(root, '');
    for (const path of [root, join(root, 'x')]) {
      const opened = FolderStore.open(path, { create: path === root });
      await expect(opened).rejects.toMatchObject({ code: 'object.no-store', place: { file: path } });
    }
  });

  it('a folder that is gone is an error, not an empty list', async () => {
    const store = await open();
    await removeDirectory(root);
    await expect(keysOf(store)).rejects.toMatchObject({ code: 'object.no-store' });
  });

  it('a folder may be a link itself', async () => {
    mkdirSync(join(scratch, 'real'));
    symlinkSync('real', root);
    await create(await FolderStore.open(root), 'a/b', 'x');
    expect(readFileSync(join(scratch, 'real/a/b'), 'utf8')).toBe('x');
  });

  it.skipIf(process.platform === 'win32')(
    'objects can be read by their owner only, or by whom the folder admits',
    async () => {
      const store = await open();
      await create(store, 'a/b', 'x');
      const modeOf = (name: string) => lstatSync(join(root, name)).mode & 0o777;
      expect(['', 'a', 'a/b'].map(modeOf)).toEqual([0o700, 0o700, 0o600]);
      chmodSync(root, 0o750);
      await create(await open(), 'c/d', 'x');
      expect(['c', 'c/d'].map(modeOf)).toEqual([0o750, 0o640]);
    },
  );

  it('nothing but objects is in the folder after any call', async () => {
    const store = await open();
    await create(store, 'a/b/c', 'x');
    await expect(create(store, 'a/b/c', 'y')).rejects.toMatchObject({ code: 'object.exists' });
    const etag = await store.replace('lease/x', Buffer.from('1'), undefined, never);
    await store.replace('lease/x', Buffer.from('2'), etag, never);
    await expect(store.replace('lease/x', Buffer.from('3'), etag, never)).rejects.toMatchObject({
      code: 'object.changed',
    });
    await store.copy('a/b/c', 'a/d', never);
    await store.now(never);
    expect(names()).toEqual(['a', 'a/b', 'a/b/c', 'a/d', 'lease', 'lease/x']);
    await store.remove(['a/b/c', 'lease/x'], never);
    expect(names()).toEqual(['a', 'a/d']);
  });

  it('a key cannot be below an object', async () => {
    const store = await open();
    await create(store, 'a', 'x');
    await expect(create(store, 'a/b', 'y')).rejects.toMatchObject({ code: 'object.key' });
    expect(await store.stat('a/b', never)).toBeUndefined();
    await expect(readWhole(store, 'a/b', { mostBytes: 9 }, never)).rejects.toMatchObject({ code: 'object.missing' });
    expect(await store.remove(['a/b'], never)).toEqual([{ key: 'a/b', removed: true }]);
    expect(names()).toEqual(['a']);
  });

  it('protection from removal is not promised', async () => {
    const lock = { until: new Date(), mode: 'governance' as const };
    const created = (await open()).create('a', Buffer.from('x'), sha256Of(Buffer.from('x')), { lock }, never);
    await expect(created).rejects.toMatchObject({ code: 'object.unsupported' });
    expect(names()).toEqual([]);
  });
});

describe('what others put into the folder', () => {
  it('names that no key has, and what is no file, are passed over', async () => {
    const store = await open();
    await create(store, 'a/b', 'x');
    for (const name of ['a/b c', 'a/ü', 'a/~', '.tmp-1', 'a/.tmp-2']) writeFileSync(join(root, name), 'foreign');
    mkdirSync(join(root, 'a/empty'));
    mkdirSync(join(root, 'a/x y'));
    writeFileSync(join(root, 'a/x y/z'), 'foreign');
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(root, 'a/pipe')]);
    expect(await keysOf(store)).toEqual(['a/b']);
    for (const key of ['a/pipe', 'a/empty', 'a']) {
      expect(await store.stat(key, never)).toBeUndefined();
      await expect(readWhole(store, key, { mostBytes: 9 }, never)).rejects.toMatchObject({ code: 'object.missing' });
    }
    const before = names();
    expect(await store.remove(['a/empty', 'a/none'], never)).toEqual([
      { key: 'a/empty', removed: true },
      { key: 'a/none', removed: true },
    ]);
    expect(names()).toEqual(before);
  });

  it('no link is followed: not in reading, listing, writing or removing', async () => {
    const store = await open();
    const outside = join(scratch, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'secret');
    symlinkSync(outside, join(root, 'folder'));
    symlinkSync(join(outside, 'secret'), join(root, 'file'));
    symlinkSync('loop', join(root, 'loop'));
    expect(await keysOf(store)).toEqual([]);
    for (const key of ['folder/secret', 'file', 'loop', 'loop/x']) {
      expect(await store.stat(key, never)).toBeUndefined();
      await expect(readWhole(store, key, { mostBytes: 9 }, never)).rejects.toMatchObject({ code: 'object.missing' });
      await expect(store.copy(key, 'copy', never)).rejects.toMatchObject({ code: 'object.missing' });
      await store.remove([key], never);
    }
    await expect(create(store, 'file', 'x')).rejects.toMatchObject({ code: 'object.exists' });
    const place = { file: join(root, 'folder') };
    await expect(create(store, 'folder/new', 'x')).rejects.toMatchObject({ code: 'object.denied', place });
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(readdirSync(root)).toEqual(['file', 'folder', 'loop']);
  });
});

describe('what killed writers left', () => {
  it('incomplete objects of this machine are removed after a day, by the next writer', async () => {
    await create(await open(), 'a', 'x');
    const store = await open();
    const left = await leaveTemporary(store);
    const foreign = left.replace(/-[0-9a-f]{8}-/, '-00000000-');
    for (const [name, ageMs] of [
      [left, 2 * DAY_MS],
      [`${left}1`, DAY_MS / 2],
      [foreign, 2 * DAY_MS],
    ] as const) {
      writeFileSync(join(root, name), 'half');
      const time = new Date(Date.now() - ageMs);
      utimesSync(join(root, name), time, time);
    }
    const next = await open();
    expect(await keysOf(next)).toEqual(['a']);
    expect(names()).toHaveLength(4);
    await create(next, 'b', 'x');
    expect(names()).toEqual([`${left}1`, foreign, 'a', 'b'].sort());
  });

  /** A name that the store gives to an incomplete object: seen while one is written. */
  async function leaveTemporary(store: FolderStore): Promise<string> {
    let seen: string | undefined;
    const watcher = watch(root, (_, name) => {
      if (name?.startsWith('.tmp-')) seen = name;
    });
    try {
      while (seen === undefined) {
        await store.now(never);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return seen;
    } finally {
      watcher.close();
    }
  }
});

describe.runIf(canMount)('a disk', () => {
  let disk: SmallDisk;
  beforeEach(() => {
    mkdirSync(root);
    disk = new SmallDisk(root);
  });
  afterEach(() => disk.unmount());

  it('a full disk is reported as such, and nothing of the object is left', async () => {
    disk.mount('size=4m');
    const store = await FolderStore.open(root);
    await create(store, 'small', 'x');
    disk.fillUp(100_000);
    const created = create(store, 'a/large', Buffer.alloc(1_000_000));
    await expect(created).rejects.toMatchObject({ code: 'object.full', observed: 'ENOSPC' });
    expect(await keysOf(store)).toEqual([BALLAST, 'small']);
    expect(names().filter((name) => name.startsWith('.tmp-'))).toEqual([]);
    disk.freeRoom();
    await create(store, 'a/large', Buffer.alloc(1_000_000));
    expect(await keysOf(store)).toEqual(['a/large', 'small']);
  });

  it('a disk that may only be read can be read', async () => {
    disk.mount('size=4m');
    await create(await FolderStore.open(root), 'a/b', 'x');
    execFileSync('mount', ['-o', 'remount,ro', root]);
    const store = await FolderStore.open(root);
    expect(await keysOf(store)).toEqual(['a/b']);
    const denied = { code: 'object.denied', place: { file: expect.stringContaining(root) } };
    await expect(create(store, 'c', 'x')).rejects.toMatchObject(denied);
    const [result] = await store.remove(['a/b'], never);
    expect(result).toMatchObject({ key: 'a/b', removed: false, error: denied });
    expect(String(await readWhole(store, 'a/b', { mostBytes: 9 }, never))).toBe('x');
  });
});
