import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { findRunAfter } from '../../repository/catalogue/log-chain.ts';
import { findGaps } from '../../repository/catalogue/log-gaps.ts';
import type { Manifest } from '../../repository/catalogue/manifest.ts';
import { type DatabaseContent, readDatabase, type TimelineHistory } from '../../repository/reading/database-history.ts';
import { listWantedDatabases, openNamedRepository } from '../commands/repository-request.ts';
import { DAMAGED_REPOSITORY } from '../failure-lines.ts';
import { FaultList } from './fault-list.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** `graphkeep list`: everything that a repository holds. @returns the exit code */
export async function listBody({ values, context }: Invocation, reporter: Reporter): Promise<number> {
  const { signal } = context;
  const { store } = await openNamedRepository(values, context);
  const names = await listWantedDatabases(store, values, context);
  const faults = new FaultList();
  const databases = [];
  for (const name of names) {
    const content = await readDatabase(store, name, signal, (error) => faults.add(error));
    databases.push(describeDatabase(name, content));
  }
  const listed = databases.flatMap((database) => ['', ...database.lines]).slice(1);
  const lines = [
    ...(listed.length === 0 ? ['No backups yet'] : listed),
    ...faults.lines.map((line) => `damaged: ${line}`),
  ];
  reporter.report(lines.map(printableLine).join('\n'), {
    repository: store.address,
    databases: databases.map(({ data }) => data),
    ...faults.data,
  });
  return faults.count === 0 ? 0 : DAMAGED_REPOSITORY;
}

function describeDatabase(database: string, { histories, unfinished }: DatabaseContent) {
  const timelines = histories.map(describeTimeline);
  const lines = timelines.flatMap((timeline) => timeline.lines);
  return {
    lines: [database, ...lines, ...unfinished.map((folder) => `  unfinished  ${folder}: interrupted, or under way`)],
    data: { database, timelines: timelines.map(({ data }) => data), unfinished: [...unfinished] },
  };
}

const HEAD = ['full backup', 'as of', 'committed', 'leads to', 'files', 'size', 'stored'];

function describeTimeline({ timeline, bases, chain, logObjects, logBytes }: TimelineHistory) {
  const { id, began, parent } = timeline;
  const backups = bases.map((base) => {
    const last = findRunAfter(chain, base.consistentAt.transaction)?.last ?? base.consistentAt.transaction;
    return { row: rowOf(base, last), data: dataOf(base, last) };
  });
  const points = bases.map(({ consistentAt }) => consistentAt.transaction);
  const gaps = findGaps(points, chain).map(({ first, last }) => ({ firstTransaction: first, lastTransaction: last }));
  const forks = chain.conflicts.map(([{ last }]) => ({ transaction: last }));
  const pieces = chain.unfinished.length;
  const runs = chain.runs.map(({ first, last }) => `${first} to ${last}`).join(', ');
  const after = parent === undefined ? '' : `, after transaction ${parent.transaction} of ${parent.timeline}`;
  const table = backups.length === 0 ? [] : alignColumns([HEAD, ...backups.map(({ row }) => row)]);
  return {
    lines: [
      `  history ${id}${after}`,
      ...table.map((line) => `    ${line}`),
      ...(logObjects === 0 ? [] : [`    log: ${logObjects} objects, ${formatBytes(logBytes)}, transactions ${runs}`]),
      ...gaps.map(({ firstTransaction, lastTransaction }) =>
        firstTransaction === lastTransaction
          ? `    gap: transaction ${firstTransaction} is missing`
          : `    gap: transactions ${firstTransaction} to ${lastTransaction} are missing`,
      ),
      ...forks.map(({ transaction }) => `    fork: two servers have written transaction ${transaction}`),
      ...(pieces === 0 ? [] : [`    unfinished: ${pieces} pieces of transactions without the others`]),
    ],
    data: {
      timeline: id,
      began: began.toISOString(),
      ...(parent === undefined ? {} : { parent: { timeline: parent.timeline, transaction: parent.transaction } }),
      bases: backups.map(({ data }) => data),
      log: {
        objects: logObjects,
        bytes: logBytes,
        ranges: chain.runs.map(({ first, last }) => ({ firstTransaction: first, lastTransaction: last })),
        gaps,
        forks,
        unfinishedPieces: pieces,
      },
    },
  };
}

function rowOf({ id, consistentAt, files, bytes, storedBytes }: Manifest, last: number): string[] {
  const { transaction, commitTime } = consistentAt;
  const sizes = [formatBytes(bytes), formatBytes(storedBytes)];
  return [id, `${transaction}`, commitTime.toISOString(), `${last}`, `${files}`, ...sizes];
}

function dataOf(base: Manifest, last: number) {
  const { id, consistentAt, startedAt, finishedAt, files, bytes, storedBytes, objects, log, source, tool } = base;
  return {
    id,
    transaction: consistentAt.transaction,
    commitTime: consistentAt.commitTime.toISOString(),
    lastTransaction: last,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    source,
    tool,
    files,
    bytes,
    storedBytes,
    objects: objects + log.length,
    ...(base.copiedFrom === undefined ? {} : { copiedFrom: base.copiedFrom.repository }),
  };
}

/** Names and times to the left, numbers to the right. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  '),
  );
}
