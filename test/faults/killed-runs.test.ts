import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { KillCampaign, type KillKind } from '../support/faults/kill-campaign.ts';

/** Every step is tried once; then come so many rounds of kills at random moments, and of kills of the run that clears up. */
const rounds = Number(process.env.GRAPHKEEP_FAULT_ROUNDS ?? 50);

let scratch: string;
let campaign: KillCampaign;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  campaign = await KillCampaign.prepare(scratch);
});

afterAll(async () => {
  await campaign.end();
  await removeDirectory(scratch);
});

describe.each<KillKind>(['full', 'incremental', 'fallback', 'mounted'])('a %s backup that is killed', (kind) => {
  it('at every step', async () => {
    const steps = await campaign.countSteps(kind);
    for (let step = 1; step <= steps; step++) await campaign.killAtStep(kind, step);
  });

  it('at random times', async () => {
    for (let i = 0; i < rounds; i++) await campaign.killAfter(kind, 50 + Math.random() * 400);
  });

  it('at any step, and the next run too', async () => {
    const steps = await campaign.countSteps(kind);
    for (let i = 0; i < rounds; i++) {
      const [first, second] = [1 + Math.floor(Math.random() * steps), 1 + Math.floor(Math.random() * steps)];
      expect(await campaign.killAtStep(kind, first, second)).toBeTypeOf('boolean');
    }
  });
});
