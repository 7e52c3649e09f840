import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deliverInOrder, workInSlots } from './slots.ts';

/** Waits for so many turns of the event loop. */
async function takeTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

const delays = fc.array(fc.nat(4), { maxLength: 15 });
const slotCounts = fc.integer({ min: 1, max: 4 });

describe('work in slots', () => {
  it('does everything once, and never more at a time than there are slots', async () => {
    await fc.assert(
      fc.asyncProperty(delays, slotCounts, async (items, slots) => {
        let running = 0;
        const done: number[] = [];
        await workInSlots(items.entries(), slots, async ([i, delay]) => {
          expect(++running).toBeLessThanOrEqual(slots);
          await takeTurns(delay);
          running--;
          done.push(i);
        });
        expect(done.sort((one, other) => one - other)).toEqual([...items.keys()]);
      }),
    );
  });

  it('ends with the first failure, after all that had begun', async () => {
    let running = 0;
    const begun: number[] = [];
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      running++;
      await takeTurns(item === 1 ? 1 : 5);
      running--;
      if (item < 3) throw new Error(`${item} failed`);
    };
    await expect(workInSlots([0, 1, 2, 3, 4, 5], 2, work)).rejects.toThrow('1 failed');
    expect([running, begun]).toEqual([0, [0, 1]]);
  });
});

describe('delivery in order', () => {
  it('delivers everything in its order, one thing at a time, while a few others are prepared', async () => {
    await fc.assert(
      fc.asyncProperty(delays, slotCounts, async (items, slots) => {
        let preparing = 0;
        let delivering = 0;
        const delivered: number[] = [];
        const prepare = async ([i, delay]: [number, number]): Promise<number> => {
          expect(++preparing).toBeLessThanOrEqual(slots);
          await takeTurns(delay);
          preparing--;
          return i;
        };
        await deliverInOrder(items.entries(), slots, prepare, async (i) => {
          expect(++delivering).toBe(1);
          await turn();
          delivering--;
          delivered.push(i);
        });
        expect(delivered).toEqual([...items.keys()]);
      }),
    );
  });

  it('ends with the failure of what comes first, and discards what was prepared after it', async () => {
    const delivered: number[] = [];
    const discarded: number[] = [];
    const prepare = async (item: number): Promise<number> => {
      await takeTurns(5 - item);
      if (item === 1 || item === 2) throw new Error(`${item} failed`);
      return item;
    };
    const deliver = async (item: number): Promise<void> => {
      delivered.push(item);
    };
    const run = deliverInOrder([0, 1, 2, 3, 4, 5], 4, prepare, deliver, (item) => discarded.push(item));
    await expect(run).rejects.toThrow('1 failed');
    expect([delivered, discarded]).toEqual([[0], [3, 4]]);
  });
});
