import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { IndexLine } from '../catalogue/object-index.ts';

/** Parts between two waits for the disk: what a power failure takes is only sent again. */
const SYNC_EVERY = 64;
/** Of a journal: that of a base of about 2.5 TB. */
const MOST_BYTES = 64 * 1024 * 1024;

const CHECKSUM_DIGITS = 16;

/** Which base a journal is about. */
export interface JournaledBase {
  readonly timeline: string;
  /** The timeline before it, if it begins one. */
  readonly parent?: string | undefined;
  readonly base: string;
}

const headSchema = z.object({ timeline: z.string(), parent: z.string().optional(), base: z.string() });
const lineSchema = z.object({
  /** SHA-256 of its frames in the clear. */
  frames: z.string(),
  file: z.string(),
  offset: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  object: z.string(),
  storedBytes: z.int().nonnegative(),
  sha256: z.string(),
});

/** A part whose arrival the store has confirmed. */
export type StoredPart = z.output<typeof lineSchema>;

/**
 * Which parts of an unfinished base are stored, in a file on this machine: with it, the next run does not send them again. Only they who
 * make backups can know that, as equal parts look different once they are encrypted. It is a help, not a truth: whatever is wrong with it,
 * parts are sent again and nothing else happens.
 */
export class PartJournal {
  private readonly path: string;
  private readonly head: JournaledBase;
  /** Of earlier runs. */
  private readonly known: ReadonlyMap<string, StoredPart>;
  private added = 0;
  private file: number | undefined;
  private isUnusable = false;

  constructor(path: string, head: JournaledBase, known: Iterable<StoredPart> = []) {
    this.path = path;
    this.head = head;
    this.known = new Map([...known].map((part) => [keyOf(part), part]));
  }

  /** True if something is stored that a later run need not send. */
  get isWorthKeeping(): boolean {
    return this.known.size + this.added > 0 && !this.isUnusable;
  }

  /** The stored part with this content; undefined if it has to be sent. */
  find(file: string, offset: number, frames: string): StoredPart | undefined {
    return this.known.get(keyOf({ file, offset, frames }));
  }

  add(part: StoredPart): void {
    if (this.isUnusable) return;
    try {
      this.file ??= this.begin();
      appendFileSync(this.file, formatLine(part));
      if (++this.added % SYNC_EVERY === 0) fsyncSync(this.file);
    } catch {
      // Without a journal the next run begins anew.
      this.isUnusable = true;
    }
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  /** The base is complete, or will never be. */
  async remove(): Promise<void> {
    this.close();
    this.isUnusable = true;
    await rm(this.path, { force: true }).catch(() => {});
  }

  /** Writes anew what is known, so that parts that are gone are forgotten. */
  private begin(): number {
    const file = openSync(this.path, 'w', 0o600);
    writeSync(file, [this.head, ...this.known.values()].map(formatLine).join(''));
    return file;
  }
}

/**
 * Where the journal of a database in a repository is, or undefined if there can be none.
 * @param stateDirectory of this user on this machine; made if it is missing
 */
export async function journalPath(
  stateDirectory: string | undefined,
  repositoryId: string,
  database: string,
): Promise<string | undefined> {
  if (stateDirectory === undefined) return undefined;
  // The id is somebody else's text.
  const name = createHash('sha256').update(repositoryId).digest('hex').slice(0, 32);
  const path = join(stateDirectory, name, `${database}.parts`);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return path;
  } catch {
    // A user without a home, for one: then there is no journal.
    return undefined;
  }
}

/** What an earlier run has written, up to the first line that is not whole. */
export async function readJournal(path: string): Promise<{ head: JournaledBase; parts: StoredPart[] } | undefined> {
  let lines: string[];
  try {
    const bytes = await readFile(path);
    if (bytes.length > MOST_BYTES) return undefined;
    lines = bytes.toString().split('\n');
  } catch {
    // There is none, or it cannot be read: nothing is known.
    return undefined;
  }
  const head = headSchema.safeParse(parseLine(lines[0]!)).data;
  if (head === undefined) return undefined;
  const parts: StoredPart[] = [];
  for (const line of lines.slice(1)) {
    const part = lineSchema.safeParse(parseLine(line)).data;
    if (part === undefined) break;
    parts.push(part);
  }
  return { head, parts };
}

/** The part without what only the journal needs. */
export function lineOf({ frames: _, ...line }: StoredPart): IndexLine {
  return line;
}

/** `<checksum> <JSON>`: one changed bit would make a wrong index of the base. */
function formatLine(content: object): string {
  const json = JSON.stringify(content);
  return `${checksumOf(json)} ${json}\n`;
}

function parseLine(line: string): unknown {
  const json = line.slice(CHECKSUM_DIGITS + 1);
  return line === `${checksumOf(json)} ${json}` ? JSON.parse(json) : undefined;
}

function checksumOf(json: string): string {
  return createHash('sha256').update(json).digest('hex').slice(0, CHECKSUM_DIGITS);
}

function keyOf({ file, offset, frames }: Pick<StoredPart, 'file' | 'offset' | 'frames'>): string {
  return `${offset} ${frames} ${file}`;
}
