import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { corpusPath, unpackCorpus } from '../corpus/unpack-corpus.ts';

/** A log with its check points inside. */
export const UNREADABLE_LOG = '4.1.13';

/** Logs of real servers, one for each kernel version that was measured; without {@link UNREADABLE_LOG}. */
export const modernLogs: readonly string[] = readdirSync(corpusPath('modern/logs'))
  .filter((name) => name.endsWith('.tar.gz'))
  .map((name) => name.slice(0, -'.tar.gz'.length))
  .filter((name) => name !== UNREADABLE_LOG)
  .sort();

/** Databases of real servers with their logs: copied hot, or closed. */
export const modernDatabases = [
  '4.3.24-fuzzy',
  '4.4.48-fuzzy',
  '5.26.30-fuzzy',
  '2026.08.1-fuzzy',
  '2026.08.1-clean',
  '2026.08.1-envelope-fuzzy',
] as const;

/** What a reader has to find, in the notation of the corpus. Positions are pairs of file and offset. */
export interface ExpectedLog {
  files: { name: string; header: ExpectedHeader }[];
  checkpoints: ExpectedCheckPoint[];
  transactions: ExpectedTransaction[];
  end: [number, number];
}

export interface ExpectedHeader {
  fmt: number;
  ver: number;
  last: number;
  size: number;
  storeid: string;
  seg?: number;
  prevcrc?: number;
  kv?: number;
  term?: number;
}

export interface ExpectedCheckPoint {
  file: number;
  offset: number;
  end: number;
  version: number;
  position: [number, number];
  oldestNotCompleted: [number, number];
  time: number;
  txId: number | null;
  appendIndex: number | null;
  reason: string;
}

export interface ExpectedTransaction {
  id: number;
  appendIndex: number | null;
  committed: number;
  start: [number, number];
  end: [number, number];
  checksum: number;
  kernelVersion?: number;
  started?: number | null;
  previousChecksum?: number | null;
  lastCommittedWhenStarted?: number | null;
}

export function expectedLog(name: string, kind: 'logs' | 'databases' = 'logs'): ExpectedLog {
  return JSON.parse(gunzipSync(readFileSync(corpusPath(`modern/${kind}/${name}.json.gz`))).toString());
}

/** Unpacks a log and returns its directory. */
export async function unpackModernLog(name: string, parent: string): Promise<string> {
  await unpackCorpus(`modern/logs/${name}.tar.gz`, join(parent, name));
  return join(parent, name, 'data', 'transactions', 'neo4j');
}

/** Unpacks a database and its log; returns the directory that holds `data`. */
export async function unpackModernDatabase(name: (typeof modernDatabases)[number], parent: string): Promise<string> {
  await unpackCorpus(`modern/databases/${name}.tar.gz`, join(parent, name));
  return join(parent, name);
}
