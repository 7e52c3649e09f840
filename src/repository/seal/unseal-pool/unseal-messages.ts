/** To a worker: an object whose stored bytes were verified. Until the answer, its memory belongs to the worker. */
export interface UnsealOrder {
  object: number;
  /** Name in the repository, for errors. */
  key: string;
  input: SharedArrayBuffer;
  /** Where in it the frames are, or what is encrypted of them. */
  from: number;
  to: number;
  /** Undefined if it is not encrypted. */
  fileKey: Uint8Array | undefined;
  /** For the plain bytes. */
  output: SharedArrayBuffer;
}

/** From a worker, in the order of its orders. */
export type UnsealAnswer = { object: number } & (
  | { kind: 'unsealed'; bytes: number }
  /** Something is wrong with the object. */
  | { kind: 'refused'; error: unknown }
);
