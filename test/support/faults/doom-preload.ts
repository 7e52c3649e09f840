import { Doom } from './doom.ts';

/*
 * Preloaded into any program to make it die at a given change of the file system:
 *
 *     GRAPHKEEP_DOOM=17 node --import ./doom-preload.mjs program.js
 */
await Doom.arm(Number(process.env.GRAPHKEEP_DOOM ?? 0));
