import { it } from 'vitest';
import { Dice } from '../../../src/base/dice.ts';
import { campaign } from '../../support/random/campaign-size.ts';
import { SEED } from '../../support/random/seed.ts';
import { BusyServer } from '../harness/busy-server.ts';
import { HarmedCopies, harms } from '../harness/harmed-copies.ts';
import { describeInterop } from '../harness/index.ts';

/** Rounds of one server; then a new one, whose ledger is short again. */
const ROUNDS_PER_SERVER = 50;

/** Nothing is kept that a check point does not need. */
const keepNothing = { 'dbms.tx_log.rotation.retention_policy': 'false' };

describeInterop('harmed copies of a running server', () => {
  it.each(campaign.size(2, 1) === 1 ? (['3.5.34'] as const) : (['3.5.34', '3.4.9'] as const))(
    'whatever happens during a copy of %s, it is right, or refused with a clear error',
    async (version) => {
      const rounds = campaign.size(250, harms.length);
      const dice = new Dice(SEED);
      for (let round = 0; round < rounds; ) {
        const busy = await BusyServer.start(version, dice.chance(0.5) ? keepNothing : {});
        const copies = new HarmedCopies(busy, SEED + round);
        for (const end = Math.min(rounds, round + ROUNDS_PER_SERVER); round < end; round++) {
          const harm = harms[round % harms.length]!;
          const outcome = await copies.make(harm);
          console.log(`${version}, round ${round + 1}, ${harm}: ${outcome}`);
        }
        await busy.close();
      }
    },
    6 * 3_600_000,
  );
});
