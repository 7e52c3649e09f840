import type { SealedSize, Sealing } from '../sealer/object-sealer.ts';

/** The data with which a worker starts. */
export type SealWorkerSetup = Sealing;

/** To a worker. Memory goes along, and comes back with an answer. */
export type SealOrder =
  | { kind: 'open'; object: number; output: ArrayBuffer; hasTable: boolean }
  | { kind: 'frame'; object: number; content: ArrayBuffer; bytes: number }
  | { kind: 'seal'; object: number }
  | { kind: 'abandon'; object: number };

/** From a worker, in the order of its orders. */
export type SealAnswer =
  | { kind: 'frame-done'; object: number; content: ArrayBuffer }
  | ({ kind: 'sealed'; object: number; output: ArrayBuffer } & SealedSize)
  | { kind: 'abandoned'; object: number; output: ArrayBuffer }
  /** The worker does nothing any more. */
  | { kind: 'failed'; error: unknown };
