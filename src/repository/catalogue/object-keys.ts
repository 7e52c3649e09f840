import { formatSeconds, parseSeconds } from './times.ts';

/*
 * Names in the keys of a repository (spec repository-layout 1). They are the catalogue: what a run, a restore or a clean-up needs to know
 * of an object stands in its key.
 */

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

/** The settings of a repository: its first object. */
export const SETTINGS_KEY = 'graphkeep-repository.json';
export const README_KEY = 'README.txt';

/** Names of the objects of a base, below its folder; parts and segments have their own. */
export const INDEX_NAME = 'index.tsv.zst';
export const MANIFEST_NAME = 'manifest.json';

/** Everything of one database is below this. */
export const databaseFolder = (database: string): string => `db/${database}`;
/** The same with the address of the repository before it, for people. */
export const databaseAddress = (repository: string, database: string): string =>
  `${repository}/${databaseFolder(database)}`;
export const timelineFolder = (database: string, timeline: string): string => `${databaseFolder(database)}/${timeline}`;
export const timelineKey = (database: string, timeline: string): string =>
  `${timelineFolder(database, timeline)}/timeline.json`;
/** The log of a timeline, after its first base. */
export const logFolder = (database: string, timeline: string): string => `${timelineFolder(database, timeline)}/log`;
export const baseFolder = (database: string, timeline: string, base: string): string =>
  `${timelineFolder(database, timeline)}/base/${base}`;
export const manifestKey = (database: string, timeline: string, base: string): string =>
  `${baseFolder(database, timeline, base)}/${MANIFEST_NAME}`;
/** What is said of the bases of a timeline. */
export const markFolder = (database: string, timeline: string): string => `${timelineFolder(database, timeline)}/mark`;
