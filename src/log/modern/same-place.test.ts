import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeLog, LOG_FORMS, MemoryLog } from '../../../test/support/modern/composed-log.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { Dice } from '../../base/dice.ts';
import { lastNameOf } from './same-place.ts';

describe('lastNameOf', () => {
  it('is the start of the next transaction, wherever one ends', () =>
    fc.assert(
      fc.property(fc.constantFrom(...LOG_FORMS.filter(({ format }) => format !== 10)), fc.integer(), (form, seed) => {
        const dice = new Dice(seed);
        const log = composeLog(dice, form);
        const source = new MemoryLog(log.files);
        log.transactions.forEach(({ start, end }, index) => {
          expect(lastNameOf(source, end)).toEqual(log.transactions[index + 1]?.start ?? log.end);
          expect(lastNameOf(source, start)).toEqual(start);
        });
        // Zeros that are not cut off yet.
        const [version] = log.files.keys();
        const last = log.files.get(version!)!;
        source.files.set(version!, Buffer.concat([last, Buffer.alloc(dice.pick([1, 70_000, 200_000]))]));
        const end = { version: version!, offset: last.length };
        expect(lastNameOf(source, end)).toEqual(lastNameOf(new MemoryLog(log.files), end));
      }),
      { numRuns: campaign.rounds(300, 30) },
    ));

  it('stays where a transaction of format 10 goes on in the same file', () => {
    const form = LOG_FORMS.find(({ format }) => format === 10)!;
    for (let seed = 0; seed < 20; seed++) {
      const log = composeLog(new Dice(seed), form);
      const source = new MemoryLog(log.files);
      log.transactions.forEach(({ start, end }, index) => {
        expect(lastNameOf(source, start)).toEqual(start);
        const next = log.transactions[index + 1];
        if (next?.start.version === end.version) expect(lastNameOf(source, end)).toEqual(end);
      });
    }
  });
});
