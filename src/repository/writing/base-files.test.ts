import { afterAll, beforeAll, expect, it } from 'vitest';
import { MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { Dice } from '../../../test/support/random/dice.ts';
import { nextSeed } from '../../../test/support/random/seed.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { BUNDLE_FILE, type IndexLine } from '../catalogue/object-index.ts';
import { readTar, StoredObjects } from '../reading/stored-objects.ts';
import { SealPool } from '../seal/pool/seal-pool.ts';
import { encodeIndex } from './base-end.ts';
import { BaseFiles } from './base-files.ts';
import { Uploads } from './uploads.ts';

const never = new AbortController().signal;
const MIB = 1024 * 1024;

let pool: SealPool;
beforeAll(async () => {
  pool = await SealPool.start({ recipients: 'none', level: 1 });
});
afterAll(() => pool.close());

/** Puts the files together again, from the lines of an index. */
async function readBack(store: MemoryStore, lines: readonly IndexLine[]): Promise<Map<string, Buffer>> {
  const objects = new StoredObjects(store, { codec: await loadFrameCodec(), identities: 'none' }, never);
  const parts = new Map<string, { offset: number; content: Buffer }[]>();
  const add = (name: string, offset: number, content: Uint8Array) =>
    parts.set(name, [...(parts.get(name) ?? []), { offset, content: Buffer.from(content) }]);
  for (const { file, offset, object, storedBytes, sha256 } of lines) {
    const key = `base/${object}`;
    const plain = objects.read({ key, bytes: storedBytes, sha256: Buffer.from(sha256, 'hex') });
    if (file === BUNDLE_FILE) for (const { name, content } of await readTar(plain, key)) add(name, 0, content);
    else {
      const pieces: Buffer[] = [];
      for await (const piece of plain) pieces.push(Buffer.from(piece));
      add(file, offset, Buffer.concat(pieces));
    }
  }
  const files = new Map<string, Buffer>();
  for (const [name, pieces] of parts) {
    const sorted = pieces.sort((one, other) => one.offset - other.offset);
    let end = 0;
    for (const { offset, content } of sorted) {
      expect(offset).toBe(end);
      end += content.length;
    }
    files.set(name, Buffer.concat(sorted.map(({ content }) => content)));
  }
  return files;
}

it('files of any size come back as they were, whatever began again or was dropped, and in little memory', async () => {
  const dice = new Dice(nextSeed());
  const sizes = () => dice.pick([0, 1, 512, 20_000, MIB - 1, MIB, MIB + 1, 3 * MIB, 16 * MIB, 16 * MIB + 5]);
  for (let round = 0; round < campaign.rounds(20, 2); round++) {
    const store = new MemoryStore();
    const uploads = new Uploads(store, never);
    const mostKeptBytes = dice.pick([0, 2 * MIB, 1000 * MIB]);
    const files = new BaseFiles({ pool, uploads, folder: 'base', isEncrypted: false, mostKeptBytes });
    const expected = new Map<string, Buffer>();
    const send = async (name: string) => {
      const content = Buffer.alloc(sizes(), name);
      const receiver = await files.openFile({ name, alignment: 1, empty: content.length === 0 });
      const isAgain = dice.chance(0.2);
      if (isAgain) await receiver.bytes(Buffer.alloc(2 * MIB, 'x'));
      if (isAgain) await receiver.restart();
      const piece = dice.between(10_000, 3 * MIB);
      for (let at = 0; at < content.length; at += piece) await receiver.bytes(content.subarray(at, at + piece));
      await receiver.end();
      if (dice.chance(0.15)) await receiver.discard();
      else expected.set(name, content);
    };
    // Three at a time, as a source sends them.
    const names = Array.from({ length: 12 }, (_, i) => `folder/file+${i}`);
    for (let at = 0; at < names.length; at += 3) await Promise.all(names.slice(at, at + 3).map(send));
    files.replaceSmall('neostore', Buffer.from('patched'));
    expected.set('neostore', Buffer.from('patched'));
    expect([files.bytes, files.names.sort()]).toEqual([
      [...expected.values()].reduce((sum, { length }) => sum + length, 0),
      [...expected.keys()].sort(),
    ]);
    const lines = await files.finish();
    expect((await encodeIndex(lines)).length).toBeGreaterThan(0);
    const found = await readBack(store, lines);
    expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, content] of expected) expect(found.get(name)!.equals(content), name).toBe(true);
  }
});
