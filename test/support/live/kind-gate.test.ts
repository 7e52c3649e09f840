import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KindGate } from './kind-gate.ts';

it('work of one kind runs together, work of two kinds never, and all of it runs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ kind: fc.constantFrom('a', 'b', 'c'), turns: fc.nat(4), fails: fc.boolean() }), {
        maxLength: 15,
      }),
      async (works) => {
        const gate = new KindGate();
        const running: string[] = [];
        const results = works.map(({ kind, turns, fails }) =>
          gate.run(kind, async () => {
            running.push(kind);
            expect(new Set(running).size).toBe(1);
            for (let turn = 0; turn < turns; turn++) await setImmediate();
            running.splice(running.indexOf(kind), 1);
            if (fails) throw new Error('planned');
          }),
        );
        const ended = await Promise.allSettled(results);
        expect(ended.map(({ status }) => status)).toEqual(works.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')));
        for (const result of ended)
          if (result.status === 'rejected') expect(result.reason).toMatchObject({ message: 'planned' });
      },
    ),
  );
});

it('work of one kind does not wait for its own kind', async () => {
  const gate = new KindGate();
  let started = 0;
  const both = [1, 2].map(() =>
    gate.run('a', async () => {
      started++;
      while (started < 2) await setImmediate();
    }),
  );
  await Promise.all(both);
  expect(started).toBe(2);
});

it('a kind that waits is not overtaken for ever', async () => {
  const gate = new KindGate();
  const order: string[] = [];
  const first = gate.run('a', async () => {
    await setImmediate();
    order.push('first a');
  });
  const other = gate.run('b', async () => void order.push('b'));
  const late = gate.run('a', async () => void order.push('late a'));
  await Promise.all([first, other, late]);
  expect(order).toEqual(['first a', 'b', 'late a']);
});
