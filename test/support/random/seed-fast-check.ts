import fc from 'fast-check';
import { campaign } from './campaign-size.ts';
import { isSeeded, restartSeeds, SEED } from './seed.ts';

/** What fast-check does unless it is told otherwise. */
const LONG_RUNS = 100;

/* Runs before every file of tests. */
restartSeeds();
fc.configureGlobal({ numRuns: campaign.rounds(LONG_RUNS, 15), ...(isSeeded ? { seed: SEED } : {}) });
