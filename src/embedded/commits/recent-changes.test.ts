import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentChanges } from './recent-changes.ts';

test('recent changes show what was changed and removed since a transaction began', () => {
  const recent = new RecentChanges();
  recent.note('node', 7, 10, false);
  recent.note('relationship', 7, 11, true);
  recent.note('graph', 0, 12, false);
  expect([recent.isChanged('node', 7, 9), recent.isChanged('node', 7, 10)]).toEqual([true, false]);
  expect([recent.isRemoved('node', 7, 0), recent.isRemoved('relationship', 7, 10)]).toEqual([false, true]);
  expect([recent.isChanged('relationship', 7, 10), recent.isChanged('node', 3, 0)]).toEqual([true, false]);
  expect([recent.isChanged('graph', 0, 11), recent.isChanged('graph', 0, 12)]).toEqual([true, false]);
});

test('recent changes forget only what no open transaction can ask for', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50_000), { minLength: 1, maxLength: 5 }), (begins) => {
      const recent = new RecentChanges();
      const open = begins.map((begin) => ({ begin }));
      const changed = new Map<number, number>();
      for (let transaction = 1; transaction <= 50_000; transaction++) {
        for (const tx of open) if (tx.begin === transaction - 1) recent.begin(tx, tx.begin);
        const id = (transaction * 7) % 30_000;
        recent.note('node', id, transaction, false);
        changed.set(id, transaction);
        recent.prune(transaction);
      }
      for (const { begin } of open) {
        for (let id = 0; id < 30_000; id += 97) {
          expect(recent.isChanged('node', id, begin)).toBe((changed.get(id) ?? 0) > begin);
        }
      }
    }),
    { numRuns: 5 },
  );
});

test('a transaction older than everything kept conflicts instead of missing a change', () => {
  const recent = new RecentChanges();
  const old = {};
  recent.begin(old, 0);
  for (let id = 0; id < 1_100_000; id++) recent.note('node', id, 1, false);
  recent.prune(1);
  expect([recent.isChanged('node', 5, 0), recent.isChanged('node', 5, 1)]).toEqual([true, false]);
});
