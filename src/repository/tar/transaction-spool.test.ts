import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { TransactionSpool } from './transaction-spool.ts';

let directory: string;
beforeEach(async () => {
  directory = await makeTemporaryDirectory();
  vi.stubEnv('TMPDIR', directory);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await removeDirectory(directory);
});

it('a transaction that is larger than memory may be comes back as it was, and leaves nothing behind', () => {
  const spool = new TransactionSpool(100);
  const content = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
  for (let round = 0; round < 2; round++) {
    const shared = Buffer.alloc(37);
    for (let at = 0; at < content.length; at += 37) {
      const size = content.copy(shared, 0, at);
      spool.add(shared.subarray(0, size));
      shared.fill(0xee);
    }
    expect(spool.bytes).toBe(content.length);
    const pieces: Buffer[] = [];
    for (const piece of spool.read(64)) pieces.push(Buffer.from(piece));
    expect(Buffer.concat(pieces)).toEqual(content);
    expect(readdirSync(directory)).toEqual([]);
    spool.clear();
    expect([spool.bytes, [...spool.read()]]).toEqual([0, []]);
  }
});

it('a transaction for which there is no room is an error that names the place', async () => {
  await removeDirectory(directory);
  const spool = new TransactionSpool(100);
  expect(() => spool.add(Buffer.alloc(101))).toThrow(
    expect.objectContaining({ code: 'file.io', place: { file: directory } }),
  );
});
