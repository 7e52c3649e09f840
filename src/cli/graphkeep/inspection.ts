import { lstatSync, readdirSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, GraphkeepError } from '../../base/errors.ts';
import { atFile } from '../../base/file-errors.ts';
import { findRecoveredGeneration } from '../../generation/recovered-generations.ts';
import { listLogFiles } from '../../log/log-files.ts';
import { findRecoveryStart, type LastTransaction } from '../../log/v3/recovery-start.ts';
import { findPendingLog } from '../../replay/pending-log.ts';
import { ANY, readLiveCounts } from '../../store/counts/counts-store.ts';
import { isDatabaseInUse } from '../../store/files/database-lock.ts';
import { describeOddLength, findOddLengths } from '../../store/files/file-lengths.ts';
import { transactionLogVersion } from '../../store/files/store-files.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';
import { formatStoreVersion } from '../../store/files/store-id.ts';
import { type FileFault, recogniseStore } from '../../store/files/store-recognition.ts';
import { describeUnsupported } from '../../store/files/supported-store.ts';
import type { RuleSchema, SchemaRule } from '../../store/graph/schema-rule.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import { TokenNames } from '../../store/graph/tokens.ts';
import type { Inspection, SchemaItem } from './inspection-report.ts';
import { inspectModern, type ModernInspection } from './modern-inspection.ts';

/**
 * Reads what the directory holds; changes nothing. Damage does not end it as long as `neostore` can be read.
 *
 * @throws GraphkeepError for a store of another release, or what is no store
 */
export async function inspectStore(directory: string): Promise<Inspection> {
  const recognised = await recogniseStore(directory);
  if (recognised.kind === 'other' || recognised.kind === 'unknown') {
    const generation = await findRecoveredGeneration(directory);
    if (generation !== undefined) return await completeModern(await inspectModern(directory, generation));
  }
  if (!('release' in recognised) || recognised.kind === 'other' || recognised.release === undefined) {
    throw describeUnsupported(recognised, directory);
  }
  const problems: string[] = [];
  const faults = recognised.kind === 'incomplete' ? recognised.faults : [];
  const reader = new StoreReader(directory);
  try {
    const { metadata, format } = reader;
    const { log, last } = inspectLog(directory, problems);
    const lastTransaction = last?.transactionId ?? metadata.lastTransactionId;
    return {
      directory,
      inUse: await isDatabaseInUse(directory),
      store: {
        createdAt: isoTime(metadata.creationTime),
        randomId: BigInt.asUintN(64, metadata.randomId).toString(16).padStart(16, '0'),
        version: formatStoreVersion(metadata.storeVersion),
        format: format.family,
        release: recognised.release.releases,
      },
      faults,
      lastTransaction: {
        id: lastTransaction,
        committedAt: isoTime(last?.timeCommitted ?? metadata.lastTransactionCommitTime),
      },
      log,
      counts: attempt('counts', problems, () => inspectCounts(directory, log.state, lastTransaction, problems)),
      schema: attempt('schema', problems, () => describeSchema(reader)),
      ...(await measure(directory)),
      problems: [...problems, ...(await describeLengths(directory, reader.format, faults))],
    };
  } finally {
    reader.close();
  }
}

/** Only a server reads the records. */
async function completeModern(inspection: ModernInspection): Promise<Inspection> {
  return { ...inspection, counts: undefined, schema: undefined, ...(await measure(inspection.directory)) };
}

async function describeLengths(
  directory: string,
  format: StoreFormat,
  faults: readonly FileFault[],
): Promise<string[]> {
  if (faults.length > 0) return [];
  try {
    return (await findOddLengths(directory, format)).map((odd) => `records: ${describeOddLength(odd)}`);
  } catch (error) {
    if (!(error instanceof GraphkeepError)) throw error;
    return [`records: ${describeError(error)}`];
  }
}

/** What damage keeps from being known is said, and the rest is told. */
function attempt<T>(what: string, problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GraphkeepError)) throw error;
    problems.push(`${what}: ${describeError(error)}`);
    return undefined;
  }
}

function inspectLog(directory: string, problems: string[]): { log: Inspection['log']; last?: LastTransaction } {
  const files = listNamedLogs(directory);
  const found = attempt('log', problems, () => {
    listLogFiles(directory);
    const start = findRecoveryStart(directory);
    return { ...start, pending: start.needed ? findPendingLog(directory) : undefined };
  });
  if (found === undefined) {
    const unknown = { checkPoint: undefined, transactionsToReplay: undefined, tornBytes: undefined };
    return { log: { files, state: 'unreadable', ...unknown } };
  }
  const { pending } = found;
  const dirty = pending === undefined ? 'needs-recovery' : 'left-to-server';
  const state = files.length === 0 ? 'absent' : found.needed ? dirty : 'clean';
  const { transactions: transactionsToReplay, tornBytes, lastTransaction } = found;
  const log = {
    files,
    checkPoint: describePosition(found.lastCheckPoint?.target),
    state,
    transactionsToReplay,
    tornBytes,
    ...(pending === undefined ? {} : { pending }),
  };
  return { log: log as Inspection['log'], ...(lastTransaction === undefined ? {} : { last: lastTransaction }) };
}

/** The files as they are there, also where one between them is missing. */
function listNamedLogs(directory: string): Inspection['log']['files'] {
  return readdirSync(directory)
    .map((name) => ({ name, version: transactionLogVersion(name) }))
    .filter(({ version }) => version !== undefined)
    .sort((a, b) => a.version! - b.version!)
    .map(({ name }) => ({ name, bytes: lstatSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0 }));
}

/** A counts store of an earlier moment says nothing about the store as it is: a server counts anew, or replays. */
function inspectCounts(
  directory: string,
  logState: Inspection['log']['state'],
  lastTransaction: number,
  problems: string[],
): Inspection['counts'] {
  const live = readLiveCounts(directory);
  if (live === undefined) {
    problems.push('counts: there is no counts store that can be read');
    return undefined;
  }
  const { counts } = live;
  if (logState === 'needs-recovery' || logState === 'unreadable' || counts.txId !== lastTransaction) {
    problems.push(
      `counts: the counts store is of transaction ${counts.txId}, the last transaction is ${lastTransaction}`,
    );
    return undefined;
  }
  return {
    nodes: counts.nodeCount(ANY),
    relationships: counts.relationshipCount(ANY, ANY, ANY),
    transaction: counts.txId,
  };
}

function isoTime(ms: number): string | undefined {
  // 0 and 1 stand for "never" in neostore; damage may make it anything.
  const date = new Date(ms);
  return ms > 1 && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined;
}

function describePosition(position: { version: number; offset: number } | undefined) {
  return position === undefined ? undefined : { file: position.version, offset: position.offset };
}

function describeSchema(reader: StoreReader): NonNullable<Inspection['schema']> {
  const labels = new TokenNames(reader.tokens('label'));
  const types = new TokenNames(reader.tokens('relationshipType'));
  const keys = new TokenNames(reader.tokens('propertyKey'));
  const rules = reader.schemaRules();
  const nameSchema = ({ entity, entityTokens, propertyKeys }: RuleSchema) => {
    const names = entity === 'node' ? labels : types;
    return {
      on: entity,
      tokens: entityTokens.map((id) => names.name(id) ?? `#${id}`),
      properties: propertyKeys.map((id) => keys.name(id) ?? `#${id}`),
    };
  };
  const describe = (rule: SchemaRule): SchemaItem => ({
    type: rule.kind === 'constraint' ? rule.type : rule.unique ? 'unique' : 'index',
    ...nameSchema(rule.schema),
    ...(rule.kind === 'index' ? { provider: `${rule.provider.key}-${rule.provider.version}` } : {}),
    ...(rule.name === undefined ? {} : { name: rule.name }),
  });
  return {
    indexes: rules.filter(({ kind }) => kind === 'index').map(describe),
    constraints: rules.filter(({ kind }) => kind === 'constraint').map(describe),
  };
}

async function measure(directory: string): Promise<{ files: number; bytes: number }> {
  const names = await atFile('read the directory', directory, () => readdir(directory, { recursive: true }));
  const total = { files: 0, bytes: 0 };
  for (const name of names) {
    const path = join(directory, name);
    // A link that leads nowhere or to itself, or a file that goes meanwhile, is no reason to say nothing.
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile() !== true) continue;
    total.files++;
    total.bytes += info.size;
  }
  return total;
}
