import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import type { ImageLocation } from './image-location.ts';
import { NetChanges } from './net-changes.ts';

const event = fc.record({
  space: fc.constantFrom(0, 4, 13) as fc.Arbitrary<0 | 4 | 13>,
  id: fc.oneof(fc.nat(30), fc.integer({ min: 2 ** 32 - 3, max: 2 ** 35 })),
  before: fc.boolean(),
  after: fc.boolean(),
});

/** Plain restatement: the first before-image unless an after-image came first, and the last after-image. */
function expectedChanges(events: { space: number; id: number; before: boolean; after: boolean }[]) {
  const expected = new Map<string, { space: number; id: number; firstBefore: number; lastAfter: number }>();
  events.forEach(({ space, id, before, after }, i) => {
    const key = `${space}/${id}`;
    if (!before && !after) return;
    const entry = expected.get(key) ?? { space, id, firstBefore: 0, lastAfter: 0 };
    if (before && entry.firstBefore === 0 && entry.lastAfter === 0) entry.firstBefore = 100 + 2 * i;
    if (after) entry.lastAfter = 101 + 2 * i;
    expected.set(key, entry);
  });
  return [...expected.values()].sort((a, b) => a.space - b.space || a.id - b.id);
}

test.each([Number.POSITIVE_INFINITY, 0])('net changes equal the plain restatement (budget %d bytes)', (budget) => {
  const folder = mkdtempSync(join(tmpdir(), 'graphkeep-net-'));
  try {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300 }), (events) => {
        const changes = new NetChanges(budget, folder);
        events.forEach(({ space, id, before, after }, i) => {
          if (before) changes.noteBefore(space, id, (100 + 2 * i) as ImageLocation);
          if (after) changes.noteAfter(space, id, (101 + 2 * i) as ImageLocation);
          if (i % 7 === 6) changes.spillIfLarge();
        });
        const actual = ([0, 4, 13] as const).flatMap((space) =>
          Array.from(changes.inOrder(space), (change) => ({ space, ...change })),
        );
        expect(actual).toEqual(expectedChanges(events));
        changes.dispose();
        expect(readdirSync(folder)).toEqual([]);
      }),
      { numRuns: campaign.rounds(200) },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('no change is lost when a table grows', () => {
  const changes = new NetChanges(Number.POSITIVE_INFINITY, tmpdir());
  for (let id = 0; id < 20_000; id++) {
    if (id % 2 === 0) changes.noteBefore(0, id, (100 + id) as ImageLocation);
    changes.noteAfter(0, id, (200_000 + id) as ImageLocation);
  }
  for (const { id, firstBefore, lastAfter } of changes.inOrder(0)) {
    if (firstBefore !== (id % 2 === 0 ? 100 + id : 0) || lastAfter !== 200_000 + id)
      expect.fail(`record ${id} was at ${firstBefore}, is at ${lastAfter}`);
  }
  expect(changes.table(0).size).toBe(20_000);
});

test('many spills leave few runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'graphkeep-net-'));
  const changes = new NetChanges(0, folder);
  try {
    for (let i = 0; i < 500; i++) {
      changes.noteBefore(4, i % 90, (1000 + 2 * i) as ImageLocation);
      changes.noteAfter(4, i % 90, (1001 + 2 * i) as ImageLocation);
      changes.spillIfLarge();
    }
    expect(readdirSync(folder).length).toBeLessThan(40);
    const found = Array.from(changes.inOrder(4), (change) => ({ ...change }));
    expect(found).toHaveLength(90);
    expect(found[3]).toEqual({ id: 3, firstBefore: 1006, lastAfter: 1001 + 2 * 453 });
    changes.dispose();
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
