import { z } from 'zod';

/* Fields of the JSON objects of a repository (spec repository-layout 4): numbers of 64 bits are decimal strings, times ISO 8601 in UTC. */

const MIN_I64 = -(2n ** 63n);
const MAX_I64 = 2n ** 63n - 1n;

export const count = z.int().nonnegative();
/** A size or an id: a decimal string in JSON, a number here. */
export const decimal = z.codec(z.string().regex(/^(0|[1-9]\d{0,15})$/), z.int().nonnegative(), {
  decode: Number,
  encode: String,
});
export const long = z.codec(
  z.string().regex(/^-?\d{1,19}$/),
  z.bigint().refine((value) => value >= MIN_I64 && value <= MAX_I64),
  { decode: BigInt, encode: String },
);
export const time = z.codec(z.iso.datetime({ precision: 3 }), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const text = z.string().max(1000);
export const storedObject = z.object({ object: text, bytes: decimal, sha256 });

/** How the objects are encrypted. */
export const encryption = z.discriminatedUnion('method', [
  z.object({ method: z.literal('none') }),
  z.object({ method: z.literal('age'), recipients: z.array(text).min(1).max(20) }),
]);
export type Encryption = z.output<typeof encryption>;

/** Identity of a store; see `store/files/store-id.ts`. */
export const storeIdentity = z.object({
  creationTime: decimal,
  randomId: long,
  storeVersion: long,
  upgradeTime: decimal,
  upgradeTransactionId: decimal,
});
