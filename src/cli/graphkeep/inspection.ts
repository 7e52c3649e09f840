import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { statIfExists } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { atFile } from '../../base/file-errors.ts';
import { listLogFiles } from '../../log/log-files.ts';
import { findRecoveryStart } from '../../log/recovery-start.ts';
import { ANY, readLiveCounts } from '../../store/counts-store.ts';
import { isDatabaseInUse } from '../../store/database-lock.ts';
import type { RuleSchema, SchemaRule } from '../../store/schema-rule.ts';
import { METADATA_FILE } from '../../store/store-files.ts';
import { formatStoreVersion } from '../../store/store-id.ts';
import { StoreReader } from '../../store/store-reader.ts';
import { TokenNames } from '../../store/tokens.ts';

/** What a store directory holds, as `inspect --json` prints it. Times are ISO 8601. */
export interface Inspection {
  directory: string;
  /** A server or another command holds the lock. */
  inUse: boolean;
  store: { createdAt: string; randomId: string; version: string; format: string };
  /** After recovery, if that is needed. */
  lastTransaction: { id: number; committedAt: string | undefined };
  log: {
    files: { name: string; bytes: number }[];
    checkPoint: { file: number; offset: number } | undefined;
    state: 'clean' | 'needs-recovery' | 'absent';
    /** What a recovery would replay and cut off. */
    transactionsToReplay: number;
    tornBytes: number;
  };
  /** Of the counts store: exact if the log is clean, else of an earlier moment. */
  counts: { nodes: number; relationships: number; transaction: number } | undefined;
  schema: { indexes: SchemaItem[]; constraints: SchemaItem[] };
  files: number;
  bytes: number;
}

export interface SchemaItem {
  type: string;
  on: 'node' | 'relationship';
  /** Labels or relationship types. */
  tokens: string[];
  properties: string[];
  provider?: string;
  name?: string;
}

/** Reads what the directory holds; changes nothing. */
export async function inspectStore(directory: string): Promise<Inspection> {
  if ((await statIfExists(directory)) === undefined) {
    throw new GraphkeepError('backup.missing', 'there is no such directory', { place: { file: directory } });
  }
  if ((await statIfExists(join(directory, METADATA_FILE)))?.isFile() !== true) {
    throw new GraphkeepError('backup.invalid', 'this is not a backup or database', { place: { file: directory } });
  }
  const reader = new StoreReader(directory);
  try {
    const { metadata, format } = reader;
    const recovery = findRecoveryStart(directory);
    const { files } = listLogFiles(directory);
    const last = recovery.lastTransaction;
    return {
      directory,
      inUse: await isDatabaseInUse(directory),
      store: {
        createdAt: new Date(metadata.creationTime).toISOString(),
        randomId: BigInt.asUintN(64, metadata.randomId).toString(16).padStart(16, '0'),
        version: formatStoreVersion(metadata.storeVersion),
        format: format.family,
      },
      lastTransaction: {
        id: last?.transactionId ?? metadata.lastTransactionId,
        committedAt: isoTime(last?.timeCommitted ?? metadata.lastTransactionCommitTime),
      },
      log: {
        files: files.map(({ version, sizeBytes }) => ({
          name: `neostore.transaction.db.${version}`,
          bytes: sizeBytes,
        })),
        checkPoint: describePosition(recovery.lastCheckPoint?.target),
        state: files.length === 0 ? 'absent' : recovery.needed ? 'needs-recovery' : 'clean',
        transactionsToReplay: recovery.transactions,
        tornBytes: recovery.tornBytes,
      },
      counts: describeCounts(directory),
      schema: describeSchema(reader),
      ...(await measure(directory)),
    };
  } finally {
    reader.close();
  }
}

function isoTime(ms: number): string | undefined {
  // 0 and 1 stand for "never" in neostore.
  return ms > 1 ? new Date(ms).toISOString() : undefined;
}

function describePosition(position: { version: number; offset: number } | undefined) {
  return position === undefined ? undefined : { file: position.version, offset: position.offset };
}

function describeCounts(directory: string): Inspection['counts'] {
  const live = readLiveCounts(directory);
  if (live === undefined) return undefined;
  const { counts } = live;
  return {
    nodes: counts.nodeCount(ANY),
    relationships: counts.relationshipCount(ANY, ANY, ANY),
    transaction: counts.txId,
  };
}

function describeSchema(reader: StoreReader): Inspection['schema'] {
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
    const info = await atFile('read the file', path, () => stat(path));
    if (!info.isFile()) continue;
    total.files++;
    total.bytes += info.size;
  }
  return total;
}
