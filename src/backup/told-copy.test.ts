import { expect, it } from 'vitest';
import type { CopyReceiver, FileReceiver } from '../source/backup-source.ts';
import type { CopyEvent } from './backup-events.ts';
import { ToldCopy } from './told-copy.ts';

const calls: string[] = [];
const events: CopyEvent[] = [];

/** Records its calls. */
const target: CopyReceiver = {
  openFile: async ({ name }): Promise<FileReceiver> => {
    const note = (what: string) => async (): Promise<void> => void calls.push(`${what} ${name}`);
    return { bytes: note('bytes'), restart: note('restart'), end: note('end'), discard: note('discard') };
  },
};

const copy = new ToldCopy(target, (event) => events.push(event));
const open = (name: string) => copy.openFile({ name, alignment: 1, empty: false });

it('a copy reports its files, and the bytes of the whole copy', async () => {
  const a = await open('a');
  await a.bytes(Buffer.from('one'));
  const b = await open('b');
  await b.bytes(Buffer.from('four'));
  await b.bytes(Buffer.from('five'));
  await a.restart();
  await b.end();
  await b.discard();
  await a.end();
  expect(events).toEqual([
    { kind: 'file-began', name: 'a' },
    { kind: 'file-progress', name: 'a', bytes: 3, copiedFiles: 0, copiedBytes: 3 },
    { kind: 'file-began', name: 'b' },
    { kind: 'file-progress', name: 'b', bytes: 4, copiedFiles: 0, copiedBytes: 7 },
    { kind: 'file-progress', name: 'b', bytes: 8, copiedFiles: 0, copiedBytes: 11 },
    { kind: 'file-progress', name: 'a', bytes: 0, copiedFiles: 0, copiedBytes: 8 },
    { kind: 'file-ended', name: 'b', bytes: 8, copiedFiles: 1, copiedBytes: 8 },
    { kind: 'file-dropped', name: 'b', copiedFiles: 0, copiedBytes: 0 },
    { kind: 'file-ended', name: 'a', bytes: 0, copiedFiles: 1, copiedBytes: 0 },
  ]);
  expect(calls).toEqual(['bytes a', 'bytes b', 'bytes b', 'restart a', 'end b', 'discard b', 'end a']);
  expect([copy.files, copy.bytes]).toEqual([1, 0]);
});

it('a copy reports a file that was taken whole at once, and reads on where that is not possible', async () => {
  const sizes = [7, undefined];
  const told: CopyEvent[] = [];
  const sharing: CopyReceiver = {
    openFile: async (file) => ({ ...(await target.openFile(file)), clone: async () => sizes.shift() }),
  };
  const receiver = new ToldCopy(sharing, (event) => told.push(event));
  for (const taken of [7, undefined]) {
    const file = await receiver.openFile({ name: 'a', alignment: 1, empty: false });
    expect(await file.clone?.('/a', 10)).toBe(taken);
  }
  const without = await copy.openFile({ name: 'a', alignment: 1, empty: false });
  expect(await without.clone?.('/a', 10)).toBeUndefined();
  expect(told).toEqual([
    { kind: 'file-began', name: 'a' },
    { kind: 'file-progress', name: 'a', bytes: 7, copiedFiles: 0, copiedBytes: 7 },
    { kind: 'file-began', name: 'a' },
  ]);
});
