import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dice } from '../../src/base/dice.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { FAULT_ROUNDS } from '../support/faults/fault-rounds.ts';
import { KillCampaign, type KillKind } from '../support/faults/kill-campaign.ts';
import { nextSeed, SEED } from '../support/random/seed.ts';

const KINDS: KillKind[] = ['full', 'incremental', 'fallback', 'mounted'];

/** Kills per test and kind of backup. */
const rounds = Math.ceil(FAULT_ROUNDS / (3 * KINDS.length));

let scratch: string;
let campaign: KillCampaign;

beforeAll(async () => {
  console.log(`GRAPHKEEP_SEED=${SEED} GRAPHKEEP_FAULT_ROUNDS=${FAULT_ROUNDS}`);
  scratch = await makeTemporaryDirectory();
  campaign = await KillCampaign.prepare(scratch);
});

afterAll(async () => {
  await campaign.end();
  await removeDirectory(scratch);
});

/** The steps to try: all of them, or as many as there are rounds in a short campaign. */
function chooseSteps(count: number, dice: Dice): number[] {
  const all = Array.from({ length: count }, (_, i) => i + 1);
  if (count <= FAULT_ROUNDS) return all;
  return Array.from({ length: rounds }, () => all.splice(dice.below(all.length), 1)[0]!);
}

describe.each(KINDS)('a %s backup that is killed', (kind) => {
  it('a backup may be killed at every step, or a few of them in a short campaign', async () => {
    const steps = chooseSteps(await campaign.countSteps(kind), new Dice(nextSeed()));
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) expect([step, await campaign.killAtStep(kind, step)]).toEqual([step, 1]);
  });

  it('a backup may be killed at random times', async () => {
    const dice = new Dice(nextSeed());
    let killed = 0;
    for (let i = 0; i < rounds; i++) killed += Number(await campaign.killDuring(kind, dice.next()));
    expect(killed).toBeGreaterThanOrEqual(rounds / 4);
  });

  it('a backup may be killed at any step, and the next run too', async () => {
    const dice = new Dice(nextSeed());
    const steps = await campaign.countSteps(kind);
    for (let i = 0; i < rounds; i++) {
      // Every other time during its cleanup. It may have fewer steps in the end, if the killed run had got far.
      const isEarly = i % 2 === 0;
      const [first, second] = [dice.between(1, steps), dice.between(1, isEarly ? 5 : steps)];
      const killed = await campaign.killAtStep(kind, first, second);
      expect(killed, `step ${first}, then ${second}`).toBeGreaterThanOrEqual(isEarly ? 2 : 1);
    }
  });
});
