import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { journalPath, lineOf, PartJournal, readJournal, type StoredPart } from './part-journal.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(scratch));

const head = { timeline: '20261129T020304Z-00000001', base: '20261129T020305Z-00000002' };

function partOf(number: number): StoredPart {
  const sha256 = String(number).padStart(64, '0');
  const object = `data/${number}/${String(number).padStart(16, '0')}.${sha256.slice(0, 16)}.zst`;
  return { frames: sha256, file: `file ${number}`, offset: number, bytes: 10, object, storedBytes: 5, sha256 };
}

async function write(path: string, count: number): Promise<StoredPart[]> {
  const journal = new PartJournal(path, head);
  const parts = Array.from({ length: count }, (_, number) => partOf(number));
  for (const part of parts) journal.add(part);
  journal.close();
  return parts;
}

describe('the journal of an unfinished base', () => {
  it('a journal reads as what was written', async () => {
    const path = join(scratch, 'whole');
    const parts = await write(path, 100);
    expect(await readJournal(path)).toEqual({ head, parts });
  });

  it('whatever is wrong with a journal, only parts that were written are known', async () => {
    const path = join(scratch, 'harmed');
    const parts = await write(path, 5);
    const sound = readFileSync(path);
    const byte = fc.nat(sound.length - 1);
    await fc.assert(
      fc.asyncProperty(byte, fc.array(fc.tuple(byte, fc.nat(255)), { maxLength: 3 }), async (length, changes) => {
        const bytes = Buffer.from(sound.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        writeFileSync(path, bytes);
        const read = await readJournal(path);
        expect(parts.slice(0, read?.parts.length ?? 0)).toEqual(read?.parts ?? []);
      }),
    );
  });

  it('a journal that goes on knows the parts of before, by their content', async () => {
    const path = join(scratch, 'continued');
    const [first, second] = await write(path, 2);
    const journal = new PartJournal(path, head, [second!]);
    expect(journal.find(second!.file, second!.offset, second!.frames)).toEqual(second);
    expect(journal.find(first!.file, first!.offset, first!.frames)).toBeUndefined();
    expect(journal.find(second!.file, second!.offset, first!.frames)).toBeUndefined();
    journal.add(partOf(7));
    journal.close();
    expect((await readJournal(path))?.parts).toEqual([second, partOf(7)]);
    expect(lineOf(second!)).not.toHaveProperty('frames');
    await journal.remove();
    expect(await readJournal(path)).toBeUndefined();
  });

  it('nothing is written before a part is stored, and a journal that cannot be written is no obstacle', async () => {
    const journal = new PartJournal(join(scratch, 'absent', 'journal'), head);
    expect(journal.isWorthKeeping).toBe(false);
    journal.add(partOf(1));
    expect(journal.isWorthKeeping).toBe(false);
    await journal.remove();
  });

  it('the id of a repository leads nowhere else', async () => {
    const path = await journalPath(join(scratch, 'state'), '../../../etc', 'graph.db');
    expect(path).toMatch(new RegExp(`^${scratch}/state/[0-9a-f]{32}/graph\\.db\\.parts$`));
    expect(await journalPath(undefined, 'id', 'graph.db')).toBeUndefined();
    await mkdir(join(scratch, 'full'), { recursive: true });
    writeFileSync(join(scratch, 'full', 'file'), '');
    expect(await journalPath(join(scratch, 'full', 'file'), 'id', 'graph.db')).toBeUndefined();
  });
});
