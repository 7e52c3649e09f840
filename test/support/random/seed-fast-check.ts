import fc from 'fast-check';
import { isSeeded, restartSeeds, SEED } from './seed.ts';

/* Runs before every file of tests. */
restartSeeds();
if (isSeeded) fc.configureGlobal({ seed: SEED });
