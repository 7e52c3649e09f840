import { formatSeconds, parseSeconds } from './times.ts';

/*
 * The names in a repository (spec repository 5). They are the catalogue: what a run, a restore or a clean-up needs to know of an object
 * stands in its key. Keys hold A-Z, a-z, 0-9 and . _ - / only: names of store files stand in an index instead.
 *
 *     db/<database>/<timeline>/timeline.json
 *     db/<database>/<timeline>/base/<base>/...
 *     db/<database>/<timeline>/log/<segment>
 *     db/<database>/<timeline>/mark/<base>.<kind>.<UTC>-<8 hex>.json
 */

export const REPOSITORY_FILE = 'graphkeep-repository.json';
export const README_FILE = 'README.txt';
export const TIMELINE_FILE = 'timeline.json';
export const INDEX_FILE = 'index.tsv.zst';
export const MANIFEST_FILE = 'manifest.json';

/** What names a timeline or a base: when it began, and random digits. */
export interface StampedId {
  readonly began: Date;
  /** Eight lower-case hexadecimal digits. */
  readonly random: string;
}

const STAMPED = /^([^-]+)-([0-9a-f]{8})$/;

/** `20261129T020304Z-5f3a9c1e`: ids sort by the time at which they began. */
export function formatStampedId({ began, random }: StampedId): string {
  return `${formatSeconds(began)}-${random}`;
}

export function parseStampedId(text: string): StampedId | undefined {
  const match = STAMPED.exec(text);
  const began = match === null ? undefined : parseSeconds(match[1]!);
  return began === undefined ? undefined : { began, random: match![2]! };
}

const DATABASE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** True for a name that can be the key of a database: names of databases that a server admits, but with a limited length. */
export function isDatabaseKey(name: string): boolean {
  return DATABASE.test(name) && !name.includes('..');
}

export const timelinePrefix = (database: string, timeline: string): string => `db/${database}/${timeline}/`;
export const basePrefix = (timelinePath: string, base: string): string => `${timelinePath}base/${base}/`;
export const logPrefix = (timelinePath: string): string => `${timelinePath}log/`;
