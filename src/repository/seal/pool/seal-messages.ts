import type { SealedSize, Sealing } from '../sealer/object-sealer.ts';

/** The data with which a worker starts. */
export type SealWorkerSetup = Sealing;

/** To a worker. What is in its memory belongs to the worker until there is an answer about it. */
export type SealOrder =
  | { kind: 'open'; object: number; output: SharedArrayBuffer; hasTable: boolean }
  | { kind: 'frame'; object: number; content: SharedArrayBuffer; bytes: number }
  | { kind: 'seal'; object: number }
  | { kind: 'abandon'; object: number };

/** From a worker, in the order of its orders. */
export type SealAnswer =
  | { kind: 'frame-done'; object: number; content: SharedArrayBuffer }
  | ({ kind: 'sealed'; object: number } & SealedSize)
  | { kind: 'abandoned'; object: number };
