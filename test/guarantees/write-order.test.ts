import fs, { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { corpusPath } from '../support/corpus/unpack-corpus.ts';
import { FileTree } from '../support/write-order/file-tree.ts';
import { RecordedWorld } from '../support/write-order/recorded-world.ts';
import { describeWriteOrder } from '../support/write-order/write-order-text.ts';

/*
 * Promise: what a command creates, writes, flushes, renames and removes, and in which order, changes only on purpose. The lists are in
 * test/corpus/write-order; GRAPHKEEP_WRITE_ORDER=update rewrites them.
 */

const world = await RecordedWorld.make();
const { commands, recorder, root } = world;

afterAll(() => world.end());

it.each(commands)('$title writes in the recorded order', async (command) => {
  command.prepare(root);
  const recording = await recorder.record(root, 'at-once', () => command.run(root));
  // Nothing was missed: the operations lead to what is on the disk, byte for byte.
  const found = FileTree.read(root);
  expect([...found.walk()].map(([path]) => path)).toEqual([...recording.after.walk()].map(([path]) => path));
  expect(found.digest()).toBe(recording.after.digest());
  const text = `# ${command.title}\n\n${describeWriteOrder(recording)}`;
  const path = corpusPath(`write-order/${command.name}.txt`);
  if (process.env.GRAPHKEEP_WRITE_ORDER === 'update') writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
});

it('every list belongs to a recorded command', () => {
  const lists = readdirSync(corpusPath('write-order')).filter((name) => name.endsWith('.txt'));
  expect(lists.sort()).toEqual(commands.map(({ name }) => `${name}.txt`).sort());
});

it('the recorder sees everything that the product may use, in every form', async () => {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  const at = (name: string) => `${root}/${name}`;
  const recording = await recorder.record(root, 'late', async () => {
    fs.mkdirSync(at('a/b'), { recursive: true });
    const fd = fs.openSync(at('a/one'), 'wx+');
    fs.writeSync(fd, Buffer.from('0123456789'), 2, 5, 3);
    fs.writeSync(fd, 'text', 20);
    fs.ftruncateSync(fd, 22);
    fs.fsyncSync(fd);
    await promisify(fs.fsync)(fd);
    await promisify(fs.fdatasync)(fd);
    fs.closeSync(fd);
    fs.writeFileSync(at('two'), 'content', { flag: 'wx' });
    fs.writeFileSync(at('two'), 'shorter');
    fs.renameSync(at('two'), at('a/b/three'));
    const handle = await fs.promises.open(at('four'), 'w');
    await handle.write(Buffer.from('first'));
    await handle.write(Buffer.from('second'));
    await handle.writeFile('third');
    await handle.truncate(12);
    await handle.sync();
    await handle.datasync();
    await handle.close();
    await fs.promises.writeFile(at('five'), 'x');
    await fs.promises.link(at('four'), at('a/four'));
    await fs.promises.rename(at('five'), at('four'));
    await fs.promises.mkdir(at('c'));
    await fs.promises.rm(at('a/b'), { recursive: true });
    await fs.promises.rmdir(at('c'));
    await fs.promises.unlink(at('a/one'));
    fs.mkdtempSync(at('made-'));
    const directory = await fs.promises.open(root, 'r');
    await directory.sync();
    await directory.close();
  });
  expect(recording.after.digest()).toBe(FileTree.read(root).digest());
  const kinds = new Map<string, number>();
  for (const { kind } of recording.operations) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  expect(Object.fromEntries(kinds)).toEqual({
    ...{ makeDirectory: 4, create: 4, write: 8, truncate: 3, sync: 6, rename: 2, link: 1, remove: 4 },
  });
});

it('the recorder refuses unknown calls', async () => {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  writeFileSync(`${root}/a`, 'a');
  const unknown: Record<string, () => unknown> = {
    appendFileSync: () => fs.appendFileSync(`${root}/a`, 'b'),
    copyFileSync: () => fs.copyFileSync(`${root}/a`, `${root}/b`),
    cpSync: () => fs.cpSync(`${root}/a`, `${root}/b`),
    createWriteStream: () => fs.createWriteStream(`${root}/a`),
    symlinkSync: () => fs.symlinkSync('a', `${root}/b`),
    truncateSync: () => fs.truncateSync(`${root}/a`),
    writeFile: () => fs.writeFile(`${root}/a`, 'b', () => {}),
    rename: () => fs.rename(`${root}/a`, `${root}/b`, () => {}),
    copyFile: () => fs.promises.copyFile(`${root}/a`, `${root}/b`),
    appendFile: () => fs.promises.appendFile(`${root}/a`, 'b'),
    open: () => fs.open(`${root}/a`, 'w', () => {}),
  };
  const recording = await recorder.record(root, 'late', async () => {
    for (const [name, change] of Object.entries(unknown)) expect(change, name).toThrow('does not know');
    const handle = await fs.promises.open(`${root}/a`, 'r+');
    expect(() => handle.writev([Buffer.from('b')])).toThrow('does not know');
    await handle.close();
  });
  expect(recording.operations).toEqual([]);
  expect(readFileSync(`${root}/a`, 'utf8')).toBe('a');
});
