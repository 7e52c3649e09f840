import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../../test/support/corpus/unpack-corpus.ts';
import { canShareBlocks, SharingDisk } from '../../../../test/support/faults/sharing-disk.ts';
import { ReceivedFiles } from './received-files.ts';

let folder: string;
let copy: ReceivedFiles;

beforeEach(async () => {
  folder = await makeTemporaryDirectory();
  copy = new ReceivedFiles(folder);
});

afterEach(() => removeDirectory(folder));

const open = (name: string) => copy.openFile({ name, alignment: 1, empty: false });

it('received files can be written several at a time', async () => {
  const a = await open('a');
  const b = await open('schema/index/b');
  await a.bytes(Buffer.from('one'));
  await b.bytes(Buffer.from('two'));
  await a.bytes(Buffer.from(' more'));
  await b.end();
  await a.end();
  await copy.finish();
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('one more');
  expect(readFileSync(join(folder, 'schema/index/b'), 'utf8')).toBe('two');
});

it('a received file can start again', async () => {
  const file = await open('a');
  await file.bytes(Buffer.from('much longer than later'));
  await file.restart();
  await file.bytes(Buffer.from('short'));
  await file.end();
  await copy.finish();
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('short');
});

it('a discarded file leaves nothing', async () => {
  const file = await open('a');
  await file.bytes(Buffer.from('data'));
  await file.discard();
  await copy.finish();
  expect(existsSync(join(folder, 'a'))).toBe(false);
});

it('a file that was discarded after its end is accepted again', async () => {
  const file = await open('a');
  await file.bytes(Buffer.from('much longer than later'));
  await file.end();
  await file.discard();
  expect(existsSync(join(folder, 'a'))).toBe(false);
  const again = await open('a');
  await again.bytes(Buffer.from('short'));
  await again.end();
  await copy.finish();
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('short');
});

it('an existing file is refused, and abandoning closes the others', async () => {
  const file = await open('a');
  await expect(open('a')).rejects.toMatchObject({ code: 'file.io' });
  await copy.abandon();
  await expect(file.bytes(Buffer.from('late'))).rejects.toMatchObject({ code: 'file.io' });
});

it('long zeros of a received file become holes, wherever its pieces are cut', async () => {
  const content = Buffer.alloc(4_000_000);
  for (const [from, to] of [
    [0, 10],
    [300_000, 500_000],
    [1_000_000, 1_000_001],
  ] as const)
    content.fill('x', from, to);
  for (const pieceBytes of [256 * 1024, 300_001, 4_000_000]) {
    const name = `in pieces of ${pieceBytes}`;
    const file = await open(name);
    for (let at = 0; at < content.length; at += pieceBytes) await file.bytes(content.subarray(at, at + pieceBytes));
    await file.end();
    await copy.finish();
    const path = join(folder, name);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(512 * statSync(path).blocks).toBeLessThan(2_000_000);
  }
});

it('a file cannot be cloned from another file system, and is then received as ever, with its own rights', async () => {
  const file = await open('a');
  chmodSync(join(folder, 'a'), 0o604);
  expect(await file.clone?.('/proc/self/status', 100)).toBeUndefined();
  await file.bytes(Buffer.from('content'));
  await file.end();
  await copy.finish();
  expect([readFileSync(join(folder, 'a'), 'utf8'), statSync(join(folder, 'a')).mode & 0o777]).toEqual([
    'content',
    0o604,
  ]);
});

if (canShareBlocks) {
  describe('on a disk that can share blocks', () => {
    const size = 3_000_000;
    let disk: SharingDisk;
    let source: string;

    beforeEach(() => {
      disk = SharingDisk.mount(folder);
      source = join(folder, 'source');
      writeFileSync(source, randomBytes(size), { mode: 0o640 });
      execFileSync('sync', ['-f', folder]);
    });
    afterEach(() => disk.unmount());

    it('a file is cloned up to the size it had, without room of its own', async () => {
      const room = roomOn(folder);
      for (const [name, most] of [
        ['whole', size],
        ['cut', size - 1234],
        ['source became shorter', size + 1234],
      ] as const) {
        const file = await open(name);
        const { mode } = statSync(join(folder, name));
        expect(await file.clone?.(source, most)).toBe(Math.min(most, size));
        await file.end();
        await copy.finish();
        expect(readFileSync(join(folder, name)).equals(readFileSync(source).subarray(0, most))).toBe(true);
        expect(statSync(join(folder, name)).mode).toBe(mode);
      }
      execFileSync('sync', ['-f', folder]);
      expect(room - roomOn(folder)).toBeLessThan(size / 2);
    });

    it('a cloned file can start again', async () => {
      const file = await open('a');
      await file.clone?.(source, size);
      await file.restart();
      await file.bytes(Buffer.from('short'));
      await file.end();
      await copy.finish();
      expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('short');
    });
  });
}

function roomOn(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
