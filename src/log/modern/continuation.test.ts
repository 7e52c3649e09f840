import fc from 'fast-check';
import { expect, it } from 'vitest';
import { composeLog, LOG_FORMS, MemoryLog } from '../../../test/support/modern/composed-log.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { Dice } from '../../base/dice.ts';
import { findContinuation } from './continuation.ts';

const rounds = { numRuns: campaign.rounds(500, 50) };

it('a log that has grown continues what was read of it', () =>
  fc.assert(
    fc.asyncProperty(fc.constantFrom(...LOG_FORMS), fc.integer(), async (form, seed) => {
      const log = composeLog(new Dice(seed), form);
      for (const known of log.transactions)
        expect(await findContinuation(new MemoryLog(log.files), known)).toEqual(known);
    }),
    rounds,
  ));

it('a log of another history is a fork, or has not come so far', () =>
  fc.assert(
    fc.asyncProperty(fc.constantFrom(...LOG_FORMS), fc.integer(), async (form, seed) => {
      const log = composeLog(new Dice(seed), form);
      const other = composeLog(new Dice(seed + 1), form);
      for (const known of log.transactions) {
        const found = await findContinuation(new MemoryLog(other.files), known);
        expect(['forked', 'behind', 'pruned']).toContain(found);
      }
    }),
    rounds,
  ));

it('a restored log with the same ids and other contents is a fork', async () => {
  for (const form of LOG_FORMS) {
    const log = composeLog(new Dice(3), form, 4);
    const known = log.transactions[2]!;
    const forged = { ...known, checksum: known.checksum ^ 1 };
    expect(await findContinuation(new MemoryLog(log.files), forged)).toBe('forked');
    expect(await findContinuation(new MemoryLog(log.files), { ...known, id: known.id + 1 })).toBe('forked');
    // Something is being written where another transaction was complete.
    const { version, offset } = known.start;
    const files = new Map([...log.files].filter(([each]) => each <= version));
    files.set(version, Buffer.from(log.files.get(version)!.subarray(0, offset + 12)));
    expect(await findContinuation(new MemoryLog(files), known)).toBe('forked');
  }
});

it('a log that was cut or pruned says so', async () => {
  for (const form of LOG_FORMS) {
    const log = composeLog(new Dice(5), form, 9);
    const known = log.transactions.at(-1)!;
    const { version, offset } = known.start;
    const cut = new Map([...log.files].filter(([each]) => each <= version));
    cut.set(version, Buffer.from(log.files.get(version)!.subarray(0, offset)));
    expect(await findContinuation(new MemoryLog(cut), known)).toBe('behind');
    expect(await findContinuation(new MemoryLog(new Map()), known)).toBe('behind');
    const later = { ...known, start: { version, offset: 1 << 30 } };
    expect(await findContinuation(new MemoryLog(log.files), later)).toBe('behind');
    const earlier = { ...known, start: { version: -1, offset: 128 } };
    expect(await findContinuation(new MemoryLog(log.files), earlier)).toBe('pruned');
  }
});

it('a log of an unknown format is neither', async () => {
  const log = composeLog(new Dice(5), LOG_FORMS.find(({ kernelVersion }) => kernelVersion === 20)!, 2);
  const [known] = log.transactions;
  log.files.get(known!.start.version)![0] = 200;
  await expect(findContinuation(new MemoryLog(log.files), known!)).rejects.toMatchObject({ code: 'store.format' });
});
