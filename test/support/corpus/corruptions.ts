import {
  appendFileSync,
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { corpusPath, makeTemporaryDirectory, removeDirectory, unpackCorpus } from './unpack-corpus.ts';

export type BaseStore = 'base34' | 'base35';

type Edit =
  | { op: 'write'; file: string; offset: number; before: string; after: string }
  | { op: 'append'; file: string; after: string }
  | { op: 'truncate'; file: string; size: number }
  | { op: 'delete' | 'deltree'; file: string };

/** One entry in a report of the real checker, with its number of occurrences. */
export interface RealEntry {
  kind: string;
  severity: 'ERROR' | 'WARN';
  record: string | null;
  message: string;
  count: number;
}

/** A deliberate corruption of a small store and what the real checkers report, by version. */
export interface Corruption {
  /** For example `base35/node-01`. */
  id: string;
  store: BaseStore;
  what: string;
  /** Non-default arguments of the real command. */
  flags: string[];
  edits: Edit[];
  expected: Record<string, { exit: number; entries: RealEntry[]; aborted?: string }>;
}

export function loadCorruptions(): Corruption[] {
  const json = gunzipSync(readFileSync(corpusPath('corruptions/corruptions.json.gz'))).toString('utf8');
  return (JSON.parse(json) as { corruptions: Corruption[] }).corruptions;
}

/** What the checker of the version that wrote the store reports: kind -> entry. */
export function realFindings(corruption: Corruption): Map<string, RealEntry> {
  const version = corruption.store === 'base34' ? '3.4.9' : '3.5.34';
  return new Map(corruption.expected[version]?.entries.map((entry) => [entry.kind, entry]));
}

/** The area of a kind: `node.labelNotInUse` -> `node`. */
export function areaOf(kind: string): string {
  return kind.split('.', 1)[0]!;
}

/**
 * The two stores, unpacked once; each corruption is made in a fresh copy. Files without an edit are hard links to the unpacked ones, so
 * code under test must only read.
 */
export class CorruptionLab {
  private readonly root: string;
  private copies = 0;

  private constructor(root: string) {
    this.root = root;
  }

  static async open(): Promise<CorruptionLab> {
    const root = await makeTemporaryDirectory();
    for (const store of ['base34', 'base35']) await unpackCorpus(`corruptions/${store}.tar.gz`, root);
    return new CorruptionLab(root);
  }

  /** A copy of an intact store. */
  copy(store: BaseStore): string {
    const copy = join(this.root, `copy-${this.copies++}`);
    linkTree(join(this.root, store), copy);
    return copy;
  }

  /** The directory of a fresh copy with the corruption; throws if the store is not the one for which the corruption was made. */
  apply(corruption: Corruption): string {
    const copy = this.copy(corruption.store);
    for (const edit of corruption.edits) applyEdit(copy, edit);
    return copy;
  }

  close(): Promise<void> {
    return removeDirectory(this.root);
  }
}

function linkTree(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    if (entry.isDirectory()) linkTree(source, join(to, entry.name));
    else linkSync(source, join(to, entry.name));
  }
}

function applyEdit(directory: string, edit: Edit): void {
  const path = join(directory, edit.file);
  if (edit.op === 'delete' || edit.op === 'deltree') {
    rmSync(path, { recursive: true });
    return;
  }
  unshareFile(path);
  if (edit.op === 'write') {
    replaceBytes(path, edit.offset, Buffer.from(edit.before, 'hex'), Buffer.from(edit.after, 'hex'));
  } else if (edit.op === 'append') appendFileSync(path, Buffer.from(edit.after, 'hex'));
  else if (edit.op === 'truncate') truncateSync(path, edit.size);
}

/** Makes a file of a copy its own, so that it can be changed. */
export function unshareFile(path: string): void {
  copyFileSync(path, `${path}.edited`);
  renameSync(`${path}.edited`, path);
}

function replaceBytes(path: string, offset: number, before: Buffer, after: Buffer): void {
  const fd = openSync(path, 'r+');
  try {
    const found = Buffer.alloc(before.length);
    readSync(fd, found, 0, found.length, offset);
    if (!found.equals(before)) throw new Error(`${path} holds ${found.toString('hex')} at ${offset}`);
    writeSync(fd, after, 0, after.length, offset);
  } finally {
    closeSync(fd);
  }
}
