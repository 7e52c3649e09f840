import { resolve } from 'node:path';
import { printableLine, printableText } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { describePendingLog } from '../wording/pending-log-text.ts';
import { inspectStore } from './inspection.ts';
import type { Inspection, SchemaItem } from './inspection-report.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

export async function inspectBody({ positionals, context }: Invocation, reporter: Reporter): Promise<void> {
  const inspection = await inspectStore(resolve(context.cwd, positionals[0]!));
  reporter.report(describeInspection(inspection).join('\n'), inspection);
}

/** The lines for people. */
export function describeInspection(inspection: Inspection): string[] {
  const { store, lastTransaction, counts, schema, faults, problems, log } = inspection;
  // Of 4.2 and later, whose records are not read.
  const isModern = log.directory !== undefined;
  const committed = lastTransaction.committedAt === undefined ? '' : `, committed ${lastTransaction.committedAt}`;
  const rows: [string, string][] = [
    ['Directory', inspection.directory],
    ['In use', inspection.inUse ? 'yes' : 'no'],
    ['Size', `${formatBytes(inspection.bytes)} in ${inspection.files} files`],
    ['Store id', `${store.randomId}, created ${store.createdAt ?? 'unknown'}`],
    ['Format', `${store.format} (${store.version}), Neo4j ${store.release}`],
    ['Last transaction', `${lastTransaction.id}${committed}`],
    ['State', describeState(inspection)],
    ['Check point', describeCheckPoint(inspection)],
    ['Log files', describeLogFiles(inspection)],
    ...(isModern ? describeModernLog(inspection) : []),
    ...(isModern ? [] : describeCounts(counts)),
    ...(schema === undefined && !isModern ? [['Schema', 'unknown'] as [string, string]] : []),
    ...(schema?.indexes ?? []).map((item): [string, string] => ['Index', describeSchemaItem(item)]),
    ...(schema?.constraints ?? []).map((item): [string, string] => ['Constraint', describeSchemaItem(item)]),
    ...faults.map(({ name, fault }): [string, string] => ['Incomplete', `${name} is ${fault}`]),
    ...problems.map((problem): [string, string] => ['Unknown', problem]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `${name}:`.padEnd(width) + printableLine(text));
}

function describeCounts(counts: Inspection['counts']): [string, string][] {
  return [
    ['Nodes', String(counts?.nodes ?? 'unknown')],
    ['Relationships', String(counts?.relationships ?? 'unknown')],
  ];
}

function describeModernLog({ log, lastTransaction }: Inspection): [string, string][] {
  const { directory = '', firstTransaction, writtenBy, kernelVersion } = log;
  const range =
    firstTransaction === undefined ? 'no transactions' : `transactions ${firstTransaction} to ${lastTransaction.id}`;
  return [
    ['Log', `${range}, in ${directory}`],
    ...(writtenBy === undefined
      ? []
      : [['Written by', `Neo4j ${writtenBy} (kernel version ${kernelVersion})`] as [string, string]]),
  ];
}

function describeState({ log, faults, inUse }: Inspection): string {
  if (faults.length > 0)
    return `incomplete: ${faults.length === 1 ? 'a store file is' : `${faults.length} store files are`} missing`;
  if (log.state === 'unreadable') return 'unknown: the transaction log cannot be read';
  if (log.state === 'absent') return 'no transaction log in this directory';
  if (log.state === 'clean') return 'clean';
  if (log.pending !== undefined) return describePendingLog(log.pending);
  if (log.directory !== undefined) return describeModernState(log, inUse);
  const torn = log.tornBytes === 0 ? '' : `, ${log.tornBytes} torn bytes to cut off`;
  return `needs recovery: ${log.transactionsToReplay} transactions to replay${torn}`;
}

function describeModernState({ transactionsToReplay, endsUnfinished }: Inspection['log'], inUse: boolean): string {
  const half = endsUnfinished === true ? ', and one that is not complete' : '';
  if (inUse) return `at work: ${transactionsToReplay} transactions since its last check point${half}`;
  return `needs recovery by its server: ${transactionsToReplay} transactions to replay${half}`;
}

function describeCheckPoint({ log: { checkPoint, state } }: Inspection): string {
  if (state === 'unreadable') return 'unknown';
  if (checkPoint === undefined) return 'none';
  const { file, offset, writtenAt, reason } = checkPoint;
  const written = writtenAt === undefined ? '' : `, written ${writtenAt}: ${reason}`;
  return `log file ${file}, offset ${offset}${written}`;
}

function describeLogFiles({ log: { files } }: Inspection): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (files.length === 0) return 'none';
  const names = files.length === 1 ? files[0]!.name : `${files[0]!.name} to ${files.at(-1)!.name}`;
  return `${names}, ${formatBytes(bytes)}`;
}

function describeSchemaItem({ type, on, tokens, properties, provider, name }: SchemaItem): string {
  const list = (names: readonly string[], separator: string) =>
    names.map((text) => printableText(text)).join(separator);
  const subject = `${on === 'node' ? ':' : '-:'}${list(tokens, ':')}(${list(properties, ', ')})`;
  const details = list(
    [provider, name].filter((text) => text !== undefined),
    ', ',
  );
  return `${type} on ${subject}${details === '' ? '' : ` [${details}]`}`;
}
