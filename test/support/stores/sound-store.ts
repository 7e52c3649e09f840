import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../../src/check/findings/finding.ts';
import { checkStore } from '../../../src/check/store-check.ts';
import { findRecoveryStart } from '../../../src/log/v3/recovery-start.ts';
import { type Counts, encodeCounts, readLiveCounts } from '../../../src/store/counts/counts-store.ts';
import { recountStore } from '../../../src/store/counts/recount.ts';
import { readIdFile } from '../../../src/store/files/id-file.ts';
import {
  ID_FILE_SUFFIX,
  LABEL_SCAN_FILE,
  type StoreKey,
  storeFile,
  storeFiles,
} from '../../../src/store/files/store-files.ts';
import { type IndexedValues, NodeStateReader } from '../../../src/store/graph/node-state.ts';
import type { IndexRule } from '../../../src/store/graph/schema-rule.ts';
import { type RecordOf, StoreReader } from '../../../src/store/graph/store-reader.ts';
import { storedRecords } from '../../../src/store/graph/stored-records.ts';
import { listIndexTrees, readIndexState, readPointCurves } from '../../../src/store/index/index-files.ts';
import { locateKey } from '../../../src/store/index/index-key.ts';
import { findProvider } from '../../../src/store/index/index-provider.ts';
import { labelScanLayout } from '../../../src/store/label-scan/label-scan-layout.ts';
import type { DynamicRecord } from '../../../src/store/records/dynamic-record.ts';
import type { TreeLayout } from '../../../src/store/tree/page/layout.ts';
import { openPageFile } from '../../../src/store/tree/page/page-file.ts';
import { checkTreeStructure } from '../../../src/store/tree/read/structure-check.ts';
import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import { LabelScanReader } from '../trees/label-scan-reader.ts';
import { readEntries } from '../trees/trees.ts';
import { type WalkedGraph, type WalkedStore, walkRecords } from './record-walker.ts';

/** What happened to a store, as far as it leaves traces that are not faults. */
export interface StoreHistory {
  /** It was recovered once: free ids are then not searched for. */
  idsMayBeLost?: boolean;
  /** A server has written schema rules: it leaves pieces of old ones (spec transaction-logs 3.8, trap 2). */
  hasRulePieces?: boolean;
}

/**
 * Everything that a server, or its checker, could find wrong in the files of a cleanly closed store: records and chains, counts, label scan
 * store, indexes, id files, log. One line each; empty = sound. Reads the whole store into memory. What is legal depends on the history of
 * the store.
 */
export async function findStoreProblems(directory: string, options: StoreHistory = {}): Promise<string[]> {
  const reader = new StoreReader(directory);
  try {
    const graph = walkRecords(walkable(reader, options.hasRulePieces ?? false));
    return [
      ...checkLog(directory),
      ...(await checkCounts(directory, reader)),
      ...(await checkLabelScan(directory, graph)),
      ...(await checkIndexes(directory, reader)),
      ...checkIdFiles(directory, reader, options.idsMayBeLost ?? false),
      ...(await checkByProduct(directory)),
    ];
  } finally {
    reader.close();
  }
}

/**
 * What the product's consistency check finds: an independent opinion, which must not raise a false alarm here. An index that waits for a
 * server to populate it does not count.
 */
async function checkByProduct(directory: string): Promise<string[]> {
  const findings: string[] = [];
  const onFinding = ({ kind, file, record }: Finding) => {
    if (kind !== 'schema.schemaRuleNotOnline') findings.push(`check: ${kind} ${file} ${record}`);
  };
  await checkStore(directory, { propertyOwners: true, onFinding });
  return findings;
}

function walkable(reader: StoreReader, hasRulePieces: boolean): WalkedStore {
  const tables = new Map<StoreKey, Map<number, RecordOf[StoreKey]>>();
  for (const { key } of storeFiles) {
    const file = reader.file(key);
    const table = new Map<number, RecordOf[StoreKey]>();
    for (let id = file.firstId; id < file.endId; id++) {
      const record = file.readRecord(id, file.codec.create() as never) as RecordOf[StoreKey];
      if (!record.inUse) continue;
      if ('data' in record) record.data = Buffer.from(record.data);
      table.set(id, record);
    }
    tables.set(key, table);
  }
  if (hasRulePieces) dropPieces(tables.get('schema')! as Map<number, DynamicRecord>);
  return {
    firstGraphProperty: reader.metadata.firstGraphProperty,
    read: (key, id) => tables.get(key)!.get(id) as never,
    all: (key) => [...tables.get(key)!.values()] as never,
    dataBytes: (key) => reader.file(key).codec.size - reader.format.dynamicHeaderBytes,
  };
}

/** Keeps only what belongs to a rule. */
function dropPieces(schema: Map<number, DynamicRecord>): void {
  const reached = new Set<number>();
  for (const { id: first, first: isFirst } of schema.values()) {
    for (let id = isFirst ? first : -1; id !== -1; id = schema.get(id)?.next ?? -1) reached.add(id);
  }
  for (const id of schema.keys()) if (!reached.has(id)) schema.delete(id);
}

function checkLog(directory: string): string[] {
  return findRecoveryStart(directory).needed ? ['the log needs recovery'] : [];
}

async function checkCounts(directory: string, reader: StoreReader): Promise<string[]> {
  const live = readLiveCounts(directory)?.counts;
  if (live === undefined) return ['there are no counts'];
  const expected = await recountStore(reader);
  expected.minorVersion = live.minorVersion;
  return encodeCounts(withoutIndexes(live)).equals(encodeCounts(expected)) ? [] : ['the counts are wrong'];
}

function withoutIndexes(counts: Counts): Counts {
  counts.indexSamples.clear();
  counts.indexStatistics.clear();
  return counts;
}

async function checkLabelScan(directory: string, { nodes }: WalkedGraph): Promise<string[]> {
  const path = join(directory, LABEL_SCAN_FILE);
  const found = new Set<string>();
  const scan = new LabelScanReader(path);
  while (scan.next()) {
    for (let bit = 0; bit < 64; bit++) {
      const word = bit < 32 ? scan.low : scan.high;
      if (((word >>> (bit % 32)) & 1) === 1) found.add(`label ${scan.label} of node ${scan.range * 64 + bit}`);
    }
  }
  scan.close();
  const expected = new Set<string>();
  for (const [node, { labels }] of nodes) for (const label of labels) expected.add(`label ${label} of node ${node}`);
  return [...compare('label scan store', expected, found), ...(await checkTree(path, labelScanLayout))];
}

async function checkIndexes(directory: string, reader: StoreReader): Promise<string[]> {
  const rules = reader.schemaRules().filter((rule) => rule.kind === 'index' && rule.schema.entity === 'node');
  const problems: string[] = [];
  for (const rule of rules as IndexRule[]) problems.push(...(await checkIndex(directory, rule, reader)));
  return problems;
}

async function checkIndex(directory: string, rule: IndexRule, reader: StoreReader): Promise<string[]> {
  const { state, problem } = await readIndexState(directory, rule);
  if (state !== 'online') return [`index ${rule.id} is ${state}: ${problem}`];
  const curves = await readPointCurves(directory, rule);
  const folders = findProvider(rule.provider)!.folders(rule.id);
  const expected = new Set<string>();
  for (const [node, values] of indexedNodes(rule, reader)) {
    const located = locateKey(folders, rule.unique, node, values as PropertyValue[], curves);
    if (typeof located === 'string') return [`index ${rule.id} cannot hold node ${node}: ${located}`];
    expected.add(`${located.path} ${Buffer.from(located.key).toString('hex')}`);
  }
  const found = new Set<string>();
  const problems: string[] = [];
  for (const { path, layout } of await listIndexTrees(directory, rule)) {
    const file = openPageFile(join(directory, path), 'read');
    for (const entry of readEntries(file, layout)) found.add(`${path} ${entry}`);
    file.close();
    problems.push(...(await checkTree(join(directory, path), layout)));
  }
  return [...problems, ...compare(`index ${rule.id}`, expected, found)];
}

function indexedNodes(rule: IndexRule, reader: StoreReader): Map<number, IndexedValues> {
  const states = new NodeStateReader([rule]);
  const view = storedRecords(reader);
  const nodes = new Map<number, IndexedValues>();
  for (const { id } of reader.nodes()) {
    const values = states.read(id, view).indexed.get(rule.id);
    if (values !== undefined) nodes.set(id, values);
  }
  return nodes;
}

async function checkTree(path: string, layout: TreeLayout): Promise<string[]> {
  const findings = await checkTreeStructure(openPageFile(path, 'read'), layout);
  return findings.map(({ page, message }) => `${path}, page ${page}: ${message}`);
}

/** Every id below the high id is in use or free, and none is both (spec record-stores 13). */
function checkIdFiles(directory: string, reader: StoreReader, mayBeLost: boolean): string[] {
  const problems: string[] = [];
  for (const { key } of storeFiles) {
    const path = join(directory, storeFile(key).fileName + ID_FILE_SUFFIX);
    if (!existsSync(path)) continue;
    const { clean, highId, free } = readIdFile(path);
    const file = reader.file(key);
    const used = new Set<number>();
    file.scan(({ id }) => used.add(id));
    if (!clean) problems.push(`${path} is not clean`);
    for (const id of used) if (id >= highId) problems.push(`${path}: ${id} is in use, the high id is ${highId}`);
    if (new Set(free).size !== free.length) problems.push(`${path} has an id twice`);
    for (const id of free) if (used.has(id) || id >= highId) problems.push(`${path}: ${id} cannot be free`);
    if (!mayBeLost && used.size + free.length !== highId - file.firstId) problems.push(`${path} has lost ids`);
  }
  return problems;
}

function compare(what: string, expected: ReadonlySet<string>, found: ReadonlySet<string>): string[] {
  return [
    ...[...expected].filter((entry) => !found.has(entry)).map((entry) => `${what} lacks ${entry}`),
    ...[...found].filter((entry) => !expected.has(entry)).map((entry) => `${what} must not have ${entry}`),
  ].slice(0, 10);
}
