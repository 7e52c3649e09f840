import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectedAnswers } from '../../../test/support/corpus/common-captures.ts';
import { unpackStore } from '../../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { readMetadata } from '../../store/files/neostore-metadata.ts';
import { storeFiles } from '../../store/files/store-files.ts';
import { formatByVersion } from '../../store/files/store-format.ts';
import { type FoundFile, listServedFiles, readServedFile } from './served-files.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(scratch));

function list(directory: string, logs = false): FoundFile[] {
  const { storeVersion } = readMetadata(join(directory, 'neostore'));
  return listServedFiles(directory, formatByVersion(storeVersion), { logs });
}

async function read(file: FoundFile): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readServedFile(file, new AbortController().signal)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

describe('the files of a copy', () => {
  it('the files of a copy have the alignments that a real server sends', async () => {
    const captured = expectedAnswers['full-quiet.s2c.bin']!.files!;
    const alignments = new Map(captured.map(({ name, alignment }) => [name, alignment]));
    const directory = await unpackStore('3.4.9-standard', scratch);
    const shared = list(directory).filter(({ name }) => alignments.get(name) !== undefined);
    expect(shared.length).toBeGreaterThanOrEqual(storeFiles.length + 2);
    for (const { name, alignment } of shared)
      expect({ name, alignment }).toEqual({ name, alignment: alignments.get(name) });
  });

  it.skipIf(process.platform === 'win32')(
    'the files of a copy must be files: a pipe is refused, not left out and not waited for',
    async () => {
      const directory = await unpackStore('3.5.34-standard', scratch);
      mkdirSync(join(directory, 'schema/index/native-btree-1.0/99'), { recursive: true });
      for (const name of ['schema/index/native-btree-1.0/99/index-99', 'neostore.counts.db.x', 'index.db']) {
        const pipe = join(directory, name);
        rmSync(pipe, { force: true });
        execFileSync('mkfifo', [pipe]);
        const isOfStore = name !== 'neostore.counts.db.x';
        if (isOfStore) expect(() => list(directory)).toThrow('this is no file');
        else expect(list(directory).map((file) => file.name)).not.toContain(name);
        rmSync(pipe);
      }
    },
  );

  it('the files of a copy of the high_limit format have its record sizes', async () => {
    const directory = await unpackStore('3.4.9-high_limit', scratch);
    const alignments = Object.fromEntries(list(directory).map(({ name, alignment }) => [name, alignment]));
    expect(alignments).toMatchObject({
      neostore: 9,
      'neostore.nodestore.db': 16,
      'neostore.relationshipstore.db': 32,
      'neostore.propertystore.db': 48,
      'neostore.labelscanstore.db': 1,
    });
    const strings = readFileSync(join(directory, 'neostore.propertystore.db.strings')).readUInt32BE(0);
    expect(alignments['neostore.propertystore.db.strings']).toBe(strings);
  });

  it('the files of a copy are those of the store and nothing beside them; the logs only on request', async () => {
    const directory = await unpackStore('3.5.34-standard', scratch);
    const names = list(directory).map(({ name }) => name);
    for (const name of ['store_lock', 'neostore.nodestore.db.id', 'debug.log', '.graphkeep-note', 'notes.txt']) {
      writeFileSync(join(directory, name), 'x');
    }
    for (const folder of ['temp-copy', 'metrics', '.graphkeep-scratch', 'schema/.hidden', 'other']) {
      mkdirSync(join(directory, folder), { recursive: true });
      writeFileSync(join(directory, folder, 'neostore'), 'x');
    }
    writeFileSync(join(directory, 'schema', 'write.lock'), '');
    expect(list(directory).map(({ name }) => name)).toEqual(names);
    expect(names.at(-1)).toBe('neostore');
    const withLogs = list(directory, true).map(({ name }) => name);
    const logs = withLogs.filter((name) => name.startsWith('neostore.transaction.db.'));
    expect(logs.length).toBeGreaterThan(0);
    expect(withLogs.filter((name) => !logs.includes(name))).toEqual(names);
    expect(withLogs.indexOf(logs.at(-1)!)).toBeLessThan(withLogs.indexOf('neostore.nodestore.db'));
  });

  it('the files of a copy may be reached by links within the directory', async () => {
    const directory = await unpackStore('3.5.34-standard', scratch);
    const before = list(directory).map(({ name, sizeBytes }) => ({ name, sizeBytes }));
    mkdirSync(join(directory, 'elsewhere'));
    for (const name of ['neostore.nodestore.db', 'schema']) {
      renameSync(join(directory, name), join(directory, 'elsewhere', name));
      symlinkSync(join('elsewhere', name), join(directory, name));
    }
    expect(list(directory).map(({ name, sizeBytes }) => ({ name, sizeBytes }))).toEqual(before);
    symlinkSync(join(directory, 'elsewhere', 'schema'), join(directory, 'schema', 'again'));
    expect(() => list(directory)).toThrow('too deep');
  });

  it.each([join('schema', 'index', 'loop'), 'neostore.transaction.db.7'])(
    'a link that leads back to itself is refused in our own words as %s',
    async (name) => {
      const directory = await unpackStore('3.5.34-standard', scratch);
      symlinkSync(join(directory, name), join(directory, name));
      const error = await Promise.resolve()
        .then(() => list(directory))
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'file.io', place: { file: join(directory, name) } });
    },
  );

  it.each(['neostore.nodestore.db', 'schema', join('schema', 'index', 'secret')])(
    'a link that leads out of the directory is refused as %s',
    async (name) => {
      const directory = await unpackStore('3.5.34-standard', scratch);
      rmSync(join(directory, name), { recursive: true, force: true });
      writeFileSync(join(scratch, 'secret'), 'x');
      symlinkSync(join(scratch, name === 'schema' ? '.' : 'secret'), join(directory, name));
      expect(() => list(directory)).toThrow('a link leads out of the directory');
    },
  );
});

describe('a file', () => {
  it('a file is read as it is, even an empty one', async () => {
    const directory = await unpackStore('3.5.34-standard', scratch);
    writeFileSync(join(directory, 'neostore.nodestore.db.labels'), '');
    for (const file of list(directory)) {
      expect((await read(file)).equals(readFileSync(file.path)), file.name).toBe(true);
    }
  });

  it.each([
    [
      'was replaced',
      (path: string) => {
        renameSync(path, `${path}.old`);
        writeFileSync(path, readFileSync(`${path}.old`));
      },
    ],
    ['is gone', (path: string) => renameSync(path, `${path}.old`)],
    ['has shrunk', (path: string) => writeFileSync(path, 'short')],
  ])('a file that %s is not sent', async (_what, change) => {
    const directory = await unpackStore('3.5.34-standard', scratch);
    const file = list(directory).find(({ name }) => name === 'neostore.nodestore.db')!;
    change(file.path);
    await expect(read(file)).rejects.toMatchObject({ code: 'serve.changed' });
  });
});
