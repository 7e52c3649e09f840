import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { TransactionSpool } from './transaction-spool.ts';

it('a transaction that is larger than memory may be comes back as it was, and leaves nothing behind', () => {
  const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('graphkeep-'));
  const before = left();
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
    expect(left()).toEqual(before);
    spool.clear();
    expect([spool.bytes, [...spool.read()]]).toEqual([0, []]);
  }
});
