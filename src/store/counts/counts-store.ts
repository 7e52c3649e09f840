import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readI64, readU32, writeI64, writeU32 } from '../../base/byte-reader.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { fileError, isMissing } from '../../base/file-errors.ts';
import { readRegularFile } from '../../base/regular-files.ts';
import { COUNTS_FILES } from '../files/store-files.ts';

/** "Any label" or "any type" in the keys of the counts store. */
export const ANY = -1;

export interface IndexStatistics {
  /** Updates since the last sample. */
  updates: number;
  size: number;
}

export interface IndexSample {
  uniqueValues: number;
  sampleSize: number;
}

/** The content of the counts store, valid as of transaction {@link txId}. */
export class Counts {
  txId: number;
  minorVersion: number;
  /** Label (or {@link ANY}) -> nodes. */
  readonly nodes = new Map<number, number>();
  /** Type (or {@link ANY}) -> side and label -> relationships, see {@link sideKey}. */
  readonly relationships = new Map<number, Map<number, number>>();
  readonly indexStatistics = new Map<number, IndexStatistics>();
  readonly indexSamples = new Map<number, IndexSample>();

  constructor(txId = 1, minorVersion = 0) {
    this.txId = txId;
    this.minorVersion = minorVersion;
  }

  nodeCount(label: number): number {
    return this.nodes.get(label) ?? 0;
  }

  relationshipCount(startLabel: number, type: number, endLabel: number): number {
    return this.relationships.get(type)?.get(sideKey(startLabel, endLabel)) ?? 0;
  }

  addNodes(label: number, delta: number): void {
    addTo(this.nodes, label, delta);
  }

  addRelationships(startLabel: number, type: number, endLabel: number, delta: number): void {
    let sides = this.relationships.get(type);
    if (sides === undefined) {
      sides = new Map();
      this.relationships.set(type, sides);
    }
    addTo(sides, sideKey(startLabel, endLabel), delta);
    if (sides.size === 0) this.relationships.delete(type);
  }

  /** Calls `visit` for every relationship count; {@link ANY} means any label or type. */
  forEachRelationshipCount(visit: (startLabel: number, type: number, endLabel: number, count: number) => void): void {
    for (const [type, sides] of this.relationships) {
      for (const [side, count] of sides) {
        const start = side % 2 === 1 ? (side - 1) / 2 : ANY;
        const end = side > 0 && side % 2 === 0 ? (side - 2) / 2 : ANY;
        visit(start, type, end, count);
      }
    }
  }
}

function addTo(map: Map<number, number>, key: number, delta: number): void {
  const sum = (map.get(key) ?? 0) + delta;
  if (sum === 0) map.delete(key);
  else map.set(key, sum);
}

/** Encodes which side has the label: 0 = none, odd = start, even = end. No key of the counts store has both (spec record-stores 12). */
function sideKey(startLabel: number, endLabel: number): number {
  if (startLabel === ANY) return endLabel === ANY ? 0 : 2 + 2 * endLabel;
  if (endLabel === ANY) return 1 + 2 * startLabel;
  throw new GraphkeepError('file.corrupt', 'a counts key has labels on both sides', {
    observed: `${startLabel}, ${endLabel}`,
  });
}

const ENTRY = 32;
const VALUE = 16;
const FORMAT = Buffer.from('NeoCountStore\u0000\u0002V', 'latin1');
const NODE_KEY = 1;
const RELATIONSHIP_KEY = 2;
const INDEX_KEY = 0x7f;
const STATISTICS = 1;
const SAMPLE = 2;

/**
 * Decodes a counts file (spec record-stores 12); throws `file.corrupt` if it is incomplete. Entries are 32 bytes: 16 for the key, 16 for
 * the value.
 *
 *     first      zero key; "NeoCountStore" 00 02 'V'
 *     second     zero key; i64 transaction id, i64 minor version
 *     node       01, label at 12; 0, count
 *     relation   02, start label at 4, type at 8, end label at 12; 0, count
 *     statistics 7F, rule id at 4, 01 at 15; updates, size
 *     sample     7F, rule id at 4, 02 at 15; unique values, sample size
 *     last       zero key; 0, number of data entries (-1 = none)
 *
 * Data entries are sorted as unsigned byte strings; entries with a zero value are left out.
 */
export function decodeCounts(bytes: Uint8Array, file?: string): Counts {
  const place = file === undefined ? {} : { place: { file } };
  const entries = bytes.length / ENTRY;
  const trailer = bytes.length - ENTRY;
  const complete = Number.isInteger(entries) && entries >= 3 && isZero(bytes, trailer, 24);
  if (!complete || !Buffer.from(bytes.buffer, bytes.byteOffset + VALUE, VALUE).equals(FORMAT)) {
    throw new GraphkeepError('file.corrupt', 'a counts file is not complete', { observed: bytes.length, ...place });
  }
  const claimed = readI64(bytes, trailer + VALUE + 8);
  if ((claimed === -1 ? 0 : claimed) !== entries - 3) {
    throw new GraphkeepError('file.corrupt', 'a counts file has another number of entries than it says', {
      observed: `${entries - 3} of ${claimed}`,
      ...place,
    });
  }
  const counts = new Counts(readI64(bytes, ENTRY + VALUE), readI64(bytes, ENTRY + VALUE + 8));
  for (let at = 2 * ENTRY; at < trailer; at += ENTRY) decodeEntry(counts, bytes, at, file);
  return counts;
}

function isZero(bytes: Uint8Array, from: number, count: number): boolean {
  for (let i = from; i < from + count; i++) if (bytes[i] !== 0) return false;
  return true;
}

function decodeEntry(counts: Counts, bytes: Uint8Array, at: number, file: string | undefined): void {
  const first = readI64(bytes, at + VALUE);
  const second = readI64(bytes, at + VALUE + 8);
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(second)) {
    throw new GraphkeepError('file.corrupt', 'a count is beyond 2^53', {
      place: { ...(file === undefined ? {} : { file }), offset: at },
    });
  }
  const kind = bytes[at]!;
  const index = readToken(bytes, at + 4);
  if (kind === NODE_KEY) counts.addNodes(readToken(bytes, at + 12), second);
  else if (kind === RELATIONSHIP_KEY) {
    counts.addRelationships(index, readToken(bytes, at + 8), readToken(bytes, at + 12), second);
  } else if (kind === INDEX_KEY && bytes[at + 15] === STATISTICS) {
    counts.indexStatistics.set(index, { updates: first, size: second });
  } else if (kind === INDEX_KEY && bytes[at + 15] === SAMPLE) {
    counts.indexSamples.set(index, { uniqueValues: first, sampleSize: second });
  } else {
    throw new GraphkeepError('file.corrupt', 'a counts file has an unknown entry', {
      observed: kind,
      place: { ...(file === undefined ? {} : { file }), offset: at },
    });
  }
}

function readToken(bytes: Uint8Array, offset: number): number {
  return readU32(bytes, offset) | 0;
}

/** Encodes a whole counts file. */
export function encodeCounts(counts: Counts): Buffer {
  const data: Buffer[] = [];
  const add = (kind: number, a: number, b: number, c: number, first: number, second: number) => {
    if (first === 0 && second === 0) return;
    const entry = Buffer.alloc(ENTRY);
    entry[0] = kind;
    writeU32(entry, 4, a);
    writeU32(entry, 8, b);
    writeU32(entry, 12, c);
    writeI64(entry, VALUE, first);
    writeI64(entry, VALUE + 8, second);
    data.push(entry);
  };
  for (const [label, count] of counts.nodes) add(NODE_KEY, 0, 0, label, 0, count);
  counts.forEachRelationshipCount((start, type, end, count) => add(RELATIONSHIP_KEY, start, type, end, 0, count));
  for (const [id, { updates, size }] of counts.indexStatistics) add(INDEX_KEY, id, 0, STATISTICS, updates, size);
  for (const [id, { uniqueValues, sampleSize }] of counts.indexSamples) {
    add(INDEX_KEY, id, 0, SAMPLE, uniqueValues, sampleSize);
  }
  data.sort((a, b) => a.compare(b, 0, VALUE, 0, VALUE));
  return Buffer.concat([headEntries(counts), ...data, trailerEntry(data.length)]);
}

function headEntries(counts: Counts): Buffer {
  const head = Buffer.alloc(2 * ENTRY);
  FORMAT.copy(head, VALUE);
  writeI64(head, ENTRY + VALUE, counts.txId);
  writeI64(head, ENTRY + VALUE + 8, counts.minorVersion);
  return head;
}

function trailerEntry(entries: number): Buffer {
  const trailer = Buffer.alloc(ENTRY);
  writeI64(trailer, VALUE + 8, entries === 0 ? -1 : entries);
  return trailer;
}

export type CountsFileName = (typeof COUNTS_FILES)[number];

export interface LiveCounts {
  fileName: CountsFileName;
  counts: Counts;
}

/**
 * Reads the live one of the two counts files of a database: of the complete ones, the one with the larger transaction id and minor version.
 * Undefined if neither is complete; the counts must then be rebuilt.
 */
export function readLiveCounts(directory: string): LiveCounts | undefined {
  let live: LiveCounts | undefined;
  for (const fileName of COUNTS_FILES) {
    const counts = readIfComplete(join(directory, fileName));
    if (counts !== undefined && (live === undefined || isNewer(counts, live.counts))) live = { fileName, counts };
  }
  return live;
}

function isNewer(a: Counts, b: Counts): boolean {
  return a.txId > b.txId || (a.txId === b.txId && a.minorVersion > b.minorVersion);
}

function readIfComplete(path: string): Counts | undefined {
  try {
    return decodeCounts(readRegularFile(path), path);
  } catch (error) {
    if (error instanceof GraphkeepError && error.code === 'file.corrupt') return undefined;
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The file for the next generation: the one that is not live. */
export function otherCountsFile(live: CountsFileName | undefined): CountsFileName {
  return live === COUNTS_FILES[0] ? COUNTS_FILES[1] : COUNTS_FILES[0];
}

/** Writes a counts file from scratch and replaces whatever is there: links are not followed, pipes not waited for. Not durable. */
export function writeCounts(path: string, counts: Counts): void {
  try {
    rmSync(path, { force: true });
    writeFileSync(path, encodeCounts(counts), { flag: 'wx' });
  } catch (error) {
    throw fileError(error, 'write the counts', path);
  }
}
