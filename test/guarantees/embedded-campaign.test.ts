import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { LedgerCampaign } from '../support/live/ledger-campaign.ts';
import { campaign as size } from '../support/random/campaign-size.ts';
import { SEED } from '../support/random/seed.ts';

/*
 * Promise: whatever is killed while a live database is written, backed up, restored and served, no acknowledged transaction is lost, none
 * is there partly, a backup has everything acknowledged before it began, and nothing is left over. The long form is in test/faults.
 */

let scratch: string;
let campaign: LedgerCampaign;

beforeAll(async () => {
  console.log(`GRAPHKEEP_SEED=${SEED}`);
  scratch = await makeTemporaryDirectory();
  campaign = await LedgerCampaign.prepare(scratch, SEED);
});

afterAll(async () => {
  await campaign.end();
  await removeDirectory(scratch);
});

it('a live database and its backups survive the kill of any process in every kind of round', async () => {
  // No random rounds after the first one of each kind; the short form has one of each group of kinds.
  const figures = await campaign.run(0, undefined, (kinds) => size.sample(kinds));
  expect(figures.rounds).toBeGreaterThanOrEqual(size.size(15, 6));
  expect(figures.kills).toBeGreaterThanOrEqual(size.size(3, 1));
  expect(figures.transactions).toBeGreaterThan(size.size(100, 10));
});
