import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RecordAppender } from './record-appender.ts';
import { STANDARD_FORMAT } from './store-format.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-appender-'));
});
afterEach(() => rmSync(root, { recursive: true }));

it('records are in the file in their order however many there are, and unused ids are zeros', () => {
  const path = join(root, 'nodes');
  const codec = STANDARD_FORMAT.node;
  // More than the buffer at its beginning, and than it ever holds.
  const last = 100_000;
  const nodes = new RecordAppender(path, codec);
  const record = codec.create();
  for (let id = 0; id < last; id++) {
    if (id % 3 === 1) nodes.skipTo(id + 1);
    else {
      Object.assign(record, { inUse: true, nextRel: id, nextProp: id });
      if (nodes.append(record) !== id) expect.fail(`not record ${id}`);
    }
  }
  nodes.close();
  const bytes = readFileSync(path);
  const expected = Buffer.alloc(bytes.length);
  for (let id = 0; id < last; id++) {
    if (id % 3 === 1) continue;
    Object.assign(record, { id, inUse: true, nextRel: id, nextProp: id });
    codec.encode(record, expected, id * codec.size);
  }
  expect(bytes.length).toBeGreaterThanOrEqual(last * codec.size);
  expect(bytes.equals(expected)).toBe(true);
});
