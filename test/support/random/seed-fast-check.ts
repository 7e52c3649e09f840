import fc from 'fast-check';
import { isSeeded, SEED } from './seed.ts';

/* Loaded before every file of tests. */
if (isSeeded) fc.configureGlobal({ seed: SEED });
