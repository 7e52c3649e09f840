import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { FAULT_ROUNDS } from '../support/faults/fault-rounds.ts';
import { LedgerCampaign } from '../support/live/ledger-campaign.ts';
import { SEED } from '../support/random/seed.ts';

/* A round is one kill, or one completed and verified backup, restore or stop. */

let scratch: string;
let campaign: LedgerCampaign;

beforeAll(async () => {
  console.log(`GRAPHKEEP_SEED=${SEED} GRAPHKEEP_FAULT_ROUNDS=${FAULT_ROUNDS}`);
  scratch = await makeTemporaryDirectory();
  campaign = await LedgerCampaign.prepare(scratch, SEED);
});

afterAll(async () => {
  console.log(JSON.stringify(campaign.figures, null, 2));
  await campaign.end();
  await removeDirectory(scratch);
});

it('a live database, its backups and its restored copy survive the kill of any process', async () => {
  let told = 0;
  const figures = await campaign.run(FAULT_ROUNDS, (now) => {
    if (now.rounds < told + 100) return;
    told = now.rounds;
    console.log(`${now.rounds} rounds, ${now.kills} kills`);
  });
  expect(figures.rounds).toBeGreaterThanOrEqual(FAULT_ROUNDS);
  expect(figures.kills).toBeGreaterThan(FAULT_ROUNDS / 5);
});
