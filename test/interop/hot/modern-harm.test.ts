import { expect, it, onTestFinished } from 'vitest';
import { Dice } from '../../../src/base/dice.ts';
import { campaign } from '../../support/random/campaign-size.ts';
import { nextSeed } from '../../support/random/seed.ts';
import { describeInterop } from '../harness/index.ts';
import { BusyModernServer, HarmedModernCopies, modernHarms, selectRunnable } from '../harness/modern/index.ts';

/** Rounds of one server; then a new one, whose load is short again. */
const ROUNDS_PER_SERVER = 11;

const versions = selectRunnable(campaign.isShort ? ['5.26.30'] : ['5.26.30', '4.4.48', '2026.08.1']);
/** Those that need no further starts of the server are for the short form. */
const harms = campaign.isShort
  ? modernHarms.filter((harm) => !/before|restarted|server killed/.test(harm))
  : modernHarms;
/** Of all versions together. */
const rounds = campaign.isShort ? 2 : Number(process.env.GRAPHKEEP_HARM_ROUNDS ?? 300);

describeInterop('harmed backups of a running modern server', () => {
  it.each(versions)(
    'whatever happens during a backup of %s, it is right, or refused with a clear error',
    async (version) => {
      const dice = new Dice(nextSeed());
      const wanted = Math.ceil(rounds / versions.length);
      // In the long form all of them, as often as each other.
      const first = dice.below(harms.length);
      const totals = { right: 0, refused: 0, killed: 0 };
      for (let round = 0; round < wanted; ) {
        const retention = dice.pick(['keep_none', 'keep_all', 'keep_all']);
        const busy = await BusyModernServer.start(version, { retention, rotation: '128k' });
        onTestFinished(() => busy.close());
        const copies = new HarmedModernCopies(busy, dice.below(2 ** 31), campaign.size(0.4, 0));
        onTestFinished(() => copies.close());
        for (const end = Math.min(wanted, round + ROUNDS_PER_SERVER); round < end; round++) {
          const harm = harms[(first + round) % harms.length]!;
          const began = performance.now();
          const outcome = await copies.make(harm);
          const seconds = Math.round((performance.now() - began) / 1000);
          console.log(`${version}, ${retention}, round ${round + 1}, ${harm}: ${outcome} (${seconds} s)`);
        }
        for (const name of ['right', 'refused', 'killed'] as const) totals[name] += copies.counts[name];
        await busy.close();
      }
      console.log(`${version}: ${JSON.stringify(totals)}`);
      expect(totals.right + totals.refused + totals.killed).toBe(wanted);
    },
    6 * 3_600_000,
  );
});
