import { stat } from 'node:fs/promises';
import { isMissing } from '../../base/file-errors.ts';
import { measureTree } from '../../base/tree-size.ts';
import { formatBytes } from '../../config/sizes.ts';
import type { RecoveredGeneration } from '../../generation/generation.ts';
import { describeKernelVersion } from '../../log/modern/fields/kernel-version.ts';
import { listModernFiles, type ModernFileList } from '../../source/modern-files/modern-file-list.ts';
import type { ModernDatabase, ModernLocation } from '../../source/modern-files/modern-location.ts';
import type { ModernMetadata } from '../../store/files/modern/modern-metadata.ts';
import { type DoctorFinding, inOrder, unseen, warning } from '../findings/finding.ts';

/** A file with its size. */
export interface MeasuredFile {
  name: string;
  bytes: number;
}

/** The files of a database of 4.2 or later that a full backup takes, without the log. */
export interface ModernStoreView {
  facts: ModernMetadata;
  list: ModernFileList;
  trees: readonly MeasuredFile[];
  bytes: number;
}

/** Lists and measures the files. Throws what a backup would throw. */
export async function viewModernStore(
  { directory }: ModernDatabase,
  { files, readFacts }: RecoveredGeneration,
): Promise<ModernStoreView> {
  const facts = readFacts(directory);
  const list = listModernFiles(directory, files);
  const trees: MeasuredFile[] = [];
  let bytes = 0;
  for (const { name, path } of list.trees) {
    const tree = { name, bytes: await sizeOf(path) };
    trees.push(tree);
    bytes += tree.bytes;
  }
  for (const { path } of list.plain) bytes += await sizeOf(path);
  for (const { path } of list.folders) bytes += (await measureTree(path)).bytes;
  return { facts, list, trees, bytes };
}

/** 0 for a file of an index that was dropped meanwhile. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

/** Where the database is, and whether the server opens it at all. */
export function describeModernLocation(
  { directory, logDirectory, isServed }: ModernDatabase,
  { configFile }: ModernLocation,
): DoctorFinding {
  const place = `${directory}, logs in ${logDirectory}`;
  if (!isServed) {
    return warning(
      'database',
      `${place}; the server does not open it, so it is left from an earlier name`,
      'Nothing is written to it any more: back up the database that the server opens.',
    );
  }
  if (configFile !== undefined) return inOrder('database', `${place}, settings of ${configFile}`);
  return unseen(
    'database',
    `${place}; no neo4j.conf was found near it, so the defaults of its settings are assumed`,
    'Give --additional-config with the neo4j.conf of the server, for example /etc/neo4j/neo4j.conf.',
  );
}

/** `kernelVersion`: of the log; undefined or 0 if that is not known. */
export function describeModernStore(
  { releases }: RecoveredGeneration,
  { bytes, list, facts }: ModernStoreView,
  kernelVersion = 0,
): DoctorFinding {
  const writer = kernelVersion === 0 ? releases : describeKernelVersion(kernelVersion);
  const observed = `Neo4j ${writer}, ${facts.format}, ${formatBytes(bytes)}`;
  if (list.unknown.length === 0) return inOrder('store', observed, { storeBytes: bytes });
  return warning(
    'store',
    `${observed}; no release is known to write ${list.unknown.join(', ')}`,
    'These files are left out of backups. Look what they are: nothing but its server should write into this directory.',
    { storeBytes: bytes },
  );
}
