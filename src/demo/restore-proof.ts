import { checkStore } from '../check/store-check.ts';
import type { EmbeddedDatabase } from '../embedded/embedded-database.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { StoreReader } from '../store/graph/store-reader.ts';
import { ACCOUNTS, names, numberOf, OPENING_BALANCE } from './bank.ts';
import { findGraphDifferences, readGraphContent } from './graph-differences.ts';
import { GraphContent, type RecordedHistory } from './recorded-graph.ts';

/** One comparison. It holds if there are no differences. */
export interface Proof {
  /** A sentence that is true if there are no differences. */
  claim: string;
  /** Number of compared things. */
  compared: number;
  differences: string[];
}

export interface RestoredDatabase {
  directory: string;
  /** Last transaction in the backup, as the backup job reported it. */
  lastTransaction: number;
  /** Newest transaction that was acknowledged to a writer before the backup began. */
  acknowledgedBefore: number;
}

/** Proves everything that must hold for a restored database; only reads its files. */
export async function proveRestored(restored: RestoredDatabase, history: RecordedHistory): Promise<Proof[]> {
  const { directory, lastTransaction } = restored;
  const expected = history.contentAt(lastTransaction);
  const found = readGraphContent(directory);
  const reader = new StoreReader(directory);
  try {
    const indexes = reader.schemaRules().filter(({ kind }) => kind === 'index');
    return [
      proveMoment(restored, reader.metadata.lastTransactionId),
      proveContent(
        `its graph is the one the writers had asked for up to transaction ${lastTransaction}, value by value, both ways`,
        expected,
        found,
      ),
      proveSum(found),
      proveTransfers(found),
      await proveConsistency(directory, found.size),
      {
        claim: 'both indexes are there',
        compared: indexes.length,
        differences: indexes.length === 2 ? [] : ['not so'],
      },
    ];
  } finally {
    reader.close();
  }
}

/** Proves that the live database now holds what the writers asked for, so that the record used for comparing the backup is right. */
export function proveLive(database: EmbeddedDatabase, history: RecordedHistory): Proof {
  const expected = history.contentAt(database.lastTransaction);
  return {
    claim: `the live database, at transaction ${database.lastTransaction} now, holds what the writers asked for`,
    compared: expected.size,
    differences: findGraphDifferences(expected, GraphContent.ofDatabase(database)),
  };
}

/** Proves that a database is as it was at an earlier moment, after a transaction between two backups. */
export function proveEarlier(directory: string, transaction: number, history: RecordedHistory): Proof {
  const claim = `the database from the repository is as the writers had it after transaction ${transaction}`;
  return proveContent(claim, history.contentAt(transaction), readGraphContent(directory));
}

function proveContent(claim: string, expected: GraphContent, found: GraphContent): Proof {
  return {
    claim,
    compared: Math.max(expected.size, found.size),
    differences: findGraphDifferences(expected, found),
  };
}

function proveMoment(restored: RestoredDatabase, storedLast: number): Proof {
  const { directory, lastTransaction, acknowledgedBefore } = restored;
  const differences: string[] = [];
  if (findRecoveryStart(directory).needed) differences.push('it was not closed cleanly');
  if (storedLast !== lastTransaction) differences.push(`it is at transaction ${storedLast}`);
  if (lastTransaction < acknowledgedBefore) differences.push(`transaction ${acknowledgedBefore} is missing`);
  return {
    claim: `it is cleanly closed, at transaction ${lastTransaction}, with all that was acknowledged before the last backup began`,
    compared: 1,
    differences,
  };
}

/** Graph and derived files agree: the result of `graphkeep check`. */
async function proveConsistency(directory: string, entities: number): Promise<Proof> {
  const differences: string[] = [];
  await checkStore(directory, {
    propertyOwners: true,
    onFinding: ({ kind, message, file, record }) => differences.push(`${kind} ${file} ${record ?? ''}: ${message}`),
  });
  return {
    claim:
      'the consistency check finds nothing: records, chains, owners, counts, label scan store, keys of both indexes',
    compared: entities,
    differences,
  };
}

/** No money was lost or created: each transfer is there completely or not at all. */
export function proveSum(content: GraphContent): Proof {
  const accounts = [...content.nodes.values()].filter(({ labels }) => labels.includes(names.account));
  const sum = accounts.reduce((total, account) => total + numberOf(account, names.balance), 0);
  const expected = ACCOUNTS * OPENING_BALANCE;
  return {
    claim: `the balances of the accounts add up to ${expected}, as at the beginning`,
    compared: accounts.length,
    differences: sum === expected ? [] : [`they add up to ${sum}`],
  };
}

/** Each writer's transfers are numbered from 1 to its counter, without a gap. */
export function proveTransfers(content: GraphContent): Proof {
  const numbers = new Map<number, number[]>();
  for (const relationship of content.relationships.values()) {
    if (relationship.type !== names.transfer) continue;
    const writer = numberOf(relationship, names.writtenBy);
    const ofWriter = numbers.get(writer) ?? [];
    ofWriter.push(numberOf(relationship, names.number));
    numbers.set(writer, ofWriter);
  }
  const differences: string[] = [];
  let compared = 0;
  for (const node of content.nodes.values()) {
    if (!node.labels.includes(names.writer)) continue;
    const [writer, count] = [numberOf(node, names.number), numberOf(node, names.transfers)];
    const found = (numbers.get(writer) ?? []).sort((a, b) => a - b);
    numbers.delete(writer);
    compared += found.length;
    const isWhole = found.length === count && found.every((number, i) => number === i + 1);
    if (!isWhole) differences.push(`writer ${writer} counts ${count} transfers, but there are ${found.length}`);
  }
  for (const writer of numbers.keys()) differences.push(`there are transfers of writer ${writer}, who is not there`);
  return { claim: 'the transfers of each writer are numbered from 1 to its counter', compared, differences };
}
