import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { openRecordStore } from '../graph/store-reader.ts';
import type { NodeRecord } from '../records/node-record.ts';
import { RecordFile, readHeader } from './record-file.ts';
import { formatByName, HIGH_LIMIT_FORMAT, STANDARD_FORMAT } from './store-format.ts';

let directory: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(directory));

const { node } = STANDARD_FORMAT;

/** A node file of `bytes` bytes with a record at each of `ids`, where nextProp = id. */
function nodeFile(name: string, ids: number[], bytes: number, codec = node): string {
  const buffer = Buffer.alloc(Math.max(bytes, ((ids.at(-1) ?? 0) + 1) * codec.size));
  for (const id of ids) {
    const record = codec.create();
    Object.assign(record, { id, inUse: true, nextProp: id });
    codec.encode(record, buffer, id * codec.size);
  }
  const path = join(directory, name);
  writeFileSync(path, buffer.subarray(0, bytes));
  return path;
}

describe('a record file', () => {
  it('a record file reads records at random through a cache of few pages', () => {
    const ids = Array.from({ length: 40_000 }, (_, i) => i).filter((i) => i % 7 !== 3);
    const file = new RecordFile(nodeFile('random', ids, 40_000 * 15), node, { cacheBytes: 3 * 8190 });
    const record = node.create();
    let state = 1;
    for (let i = 0; i < 20_000; i++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      const id = state % 40_000;
      const inUse = id % 7 !== 3;
      const isRead = file.readRecord(id, record) === record;
      if (!isRead || record.id !== id || record.inUse !== inUse || record.nextProp !== (inUse ? id : -1))
        expect.fail(`record ${id} is ${JSON.stringify(record)}`);
    }
    expect(file.readRecord(40_000, record)).toBeUndefined();
    expect(file.highestId()).toBe(39_999);
    file.close();
  });

  it('a record file reads missing bytes at the end as zeros', () => {
    const file = new RecordFile(nodeFile('cut', [0, 1, 2], 2 * 15 + 4), node);
    expect(file.endId).toBe(3);
    const record = file.readRecord(2, node.create())!;
    expect(record).toMatchObject({ inUse: true, nextProp: 0, labelField: 0, dense: false });
    expect(file.readRecord(3, node.create())).toBeUndefined();
    file.close();
  });

  it('a record file is scanned in id order, whole, in part, at once or in turns', async () => {
    const ids = Array.from({ length: 200_000 }, (_, i) => i).filter((i) => i % 3 !== 0);
    const path = nodeFile('scan', ids, 200_000 * 15 + 8190);
    const file = new RecordFile(path, node);
    const collect = () => {
      const seen: number[] = [];
      return { seen, visit: (record: NodeRecord) => seen.push(record.id) };
    };
    const whole = collect();
    file.scan(whole.visit);
    expect(whole.seen).toEqual(ids);
    const part = collect();
    file.scan(part.visit, 100, 110);
    expect(part.seen).toEqual([100, 101, 103, 104, 106, 107, 109]);
    const turns = collect();
    let bytes = 0;
    await file.scanInTurns(turns.visit, { onProgress: (count) => (bytes += count) });
    expect(turns.seen).toEqual(ids);
    expect(bytes).toBe(file.endId * 15);
    const cancelled = AbortSignal.abort();
    await expect(file.scanInTurns(() => {}, { signal: cancelled })).rejects.toMatchObject({ code: 'cancelled' });
    expect(file.highestId()).toBe(ids.at(-1));
    file.close();
  });

  it('a record file finds second units, even if the cache has one page', () => {
    const codec = HIGH_LIMIT_FORMAT.node;
    const perPage = 8192 / 16;
    const far = perPage * 5 + 7;
    const buffer = Buffer.alloc((far + 1) * 16);
    const record = codec.create();
    const large = { inUse: true, nextRel: 2 ** 49, nextProp: 2 ** 48, labelField: 2 ** 39 + 5, fixedReferences: false };
    Object.assign(record, { id: 3, secondaryUnit: far, ...large });
    Buffer.from(codec.encode(record, buffer, 3 * 16)!).copy(buffer, far * 16);
    const path = join(directory, 'units');
    writeFileSync(path, buffer);
    const file = new RecordFile(path, codec, { cacheBytes: 0 });
    expect(file.readRecord(3, codec.create())).toEqual({ ...record, id: 3, secondaryUnit: far });
    const seen: number[] = [];
    file.scan((r) => seen.push(r.id));
    expect(seen).toEqual([3]);
    expect(file.highestId()).toBe(far);
    file.close();
  });

  it('a record file has ids from 1 and its record size from the header, if it has one', () => {
    const format = formatByName('v0.A.9');
    const store = join(directory, 'dynamic');
    const bytes = Buffer.alloc(8192);
    bytes.writeUInt32BE(96);
    const codec = format.dynamic(96);
    codec.encode({ id: 1, inUse: true, first: true, next: -1, data: Buffer.from('hello') }, bytes, 96);
    const path = join(store, 'neostore.propertystore.db.strings');
    mkdirSync(store);
    writeFileSync(path, bytes);
    expect(readHeader(path)).toBe(96);
    const file = openRecordStore(store, 'propertyStrings', format);
    expect(file.readRecord(0, codec.create())).toBeUndefined();
    expect(Buffer.from(file.readRecord(1, codec.create())!.data).toString()).toBe('hello');
    expect(file.highestId()).toBe(1);
    file.close();
    writeFileSync(path, Buffer.alloc(8192));
    expect(() => openRecordStore(store, 'propertyStrings', format)).toThrow(/no record size/);
    expect(() => openRecordStore(store, 'node', format)).toThrow(
      expect.objectContaining({ code: 'store.missing-file' }),
    );
  });

  it('a record file may be empty', () => {
    const file = new RecordFile(nodeFile('empty', [], 0), node);
    expect(file.highestId()).toBe(-1);
    expect(file.readRecord(0, node.create())).toBeUndefined();
    file.scan(() => expect.unreachable());
    file.close();
  });
});
