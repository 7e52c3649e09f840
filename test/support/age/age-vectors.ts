import { inflateSync } from 'node:zlib';
import * as published from 'cctv-age';

/** One of the published test vectors of age (the package cctv-age; its page says what the fields mean). */
export interface AgeVector {
  name: string;
  expect: 'success' | 'no match' | 'HMAC failure' | 'header failure' | 'payload failure' | 'armor failure';
  /** SHA-256 of the content that comes out, even before a failure. */
  payloadHash: string | undefined;
  identities: string[];
  passphrases: string[];
  isArmored: boolean;
  file: Buffer;
}

const KNOWN = ['expect', 'payload', 'identity', 'passphrase', 'armored', 'file key', 'compressed', 'comment'];

function readVector(name: string, bytes: Uint8Array): AgeVector {
  const vector = Buffer.from(bytes);
  const headEnd = vector.indexOf('\n\n');
  const fields = vector
    .toString('utf8', 0, headEnd)
    .split('\n')
    .map((line) => /^([^:]+): (.*)$/.exec(line)!.slice(1) as [string, string]);
  const all = (wanted: string) => fields.filter(([key]) => key === wanted).map(([, value]) => value);
  const unknown = fields.filter(([key]) => !KNOWN.includes(key));
  if (unknown.length > 0) throw new Error(`the vector ${name} has unknown fields: ${unknown}`);
  const stored = vector.subarray(headEnd + 2);
  return {
    name,
    expect: all('expect')[0] as AgeVector['expect'],
    payloadHash: all('payload')[0],
    identities: all('identity'),
    passphrases: all('passphrase'),
    isArmored: all('armored')[0] === 'yes',
    file: all('compressed')[0] === 'zlib' ? inflateSync(stored) : stored,
  };
}

export const ageVectors: readonly AgeVector[] = Object.entries(published as unknown as Record<string, Uint8Array>).map(
  ([name, bytes]) => readVector(name, bytes),
);
