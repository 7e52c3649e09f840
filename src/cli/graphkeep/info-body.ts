import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import type { Manifest } from '../../repository/catalogue/manifest.ts';
import { findRanges, type RestorableRange } from '../../repository/catalogue/restorable-ranges.ts';
import { readTrust, type Trust } from '../../repository/marks/trust.ts';
import { type DatabaseContent, readDatabase, type TimelineHistory } from '../../repository/reading/database-history.ts';
import { readClock } from '../../repository/reading/store-clock.ts';
import { listWantedDatabases, openNamedRepository } from '../commands/repository-request.ts';
import { describeSeconds } from '../progress/progress-text.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';
import { dataOfTrust, describeTrust, findDoubts } from './repository-trust.ts';

interface Range extends RestorableRange {
  readonly timeline: string;
}

/** `graphkeep info`: what a repository holds, and up to when. */
export async function infoBody({ values, context }: Invocation, reporter: Reporter): Promise<void> {
  const { store, settings } = await openNamedRepository(values, context);
  const names = await listWantedDatabases(store, values, context);
  const now = await readClock(store, () => context.now(), context.signal);
  const encrypted = settings.encryption.method === 'age';
  const databases = [];
  for (const name of names) {
    const content = await readDatabase(store, name, context.signal);
    const trust = await readTrust(store, content.histories, context.signal);
    databases.push(describeDatabase(name, content, trust, now));
    // Without a backup there is nothing to prove.
    if (!content.histories.some(({ bases }) => bases.length > 0)) continue;
    for (const doubt of findDoubts(name, trust, { now, encrypted })) reporter.note(doubt);
  }
  const recipients = settings.encryption.method === 'none' ? [] : settings.encryption.recipients;
  const sealed = encrypted ? `encrypted for ${recipients.length}` : 'not encrypted';
  const head = printableLine(`Repository ${store.address}, ${sealed}`);
  const nothing = databases.length === 0 ? ['No backups yet'] : [];
  reporter.report([head, ...nothing, ...databases.flatMap(({ lines }) => lines)].join('\n'), {
    repository: store.address,
    id: settings.id,
    recipients: [...recipients],
    databases: databases.map(({ data }) => data),
  });
}

function describeDatabase(name: string, { histories, unfinished }: DatabaseContent, trust: Trust, now: Date) {
  const complete = histories.filter(({ bases }) => bases.length > 0);
  const ranges = complete.flatMap(rangesOf);
  const bases = complete.flatMap((history) => history.bases);
  const newest = ranges.at(-1);
  const ageMs = newest === undefined ? undefined : Math.max(0, now.getTime() - newest.until.getTime());
  const logBytes = complete.reduce((sum, history) => sum + history.logBytes, 0);
  const storedBytes = logBytes + bases.reduce((sum, base) => sum + base.storedBytes, 0);
  const rows = [
    ['newest', newest === undefined ? 'there is no complete backup' : describeNewest(newest, ageMs!)],
    ...ranges.map((range) => ['restorable', describeRange(range)]),
    ...bases.map((base) => ['full', describeBase(base)]),
    ['stored', `${formatBytes(storedBytes)}, ${formatBytes(logBytes)} of it log`],
    ...describeTrust(trust, now),
    ...unfinished.map((base) => ['unfinished', `${base}: interrupted, or under way`]),
  ];
  return {
    lines: ['', printableLine(name), ...rows.map(([row, text]) => `  ${row!.padEnd(12)}${printableLine(text!)}`)],
    data: {
      database: name,
      ...(newest === undefined
        ? {}
        : {
            lastTransaction: newest.last,
            lastCommit: newest.until.toISOString(),
            ageMs,
          }),
      storedBytes,
      logBytes,
      ranges: ranges.map(({ timeline, first, last, from, until }) => ({
        timeline,
        firstTransaction: first,
        lastTransaction: last,
        from: from.toISOString(),
        until: until.toISOString(),
      })),
      bases: bases.map(dataOfBase),
      ...dataOfTrust(trust, now),
      unfinished,
    },
  };
}

function rangesOf({ timeline, bases, chain }: TimelineHistory): Range[] {
  const points = bases.map(({ consistentAt, newestCommit }) => ({ ...consistentAt, newestCommit }));
  return findRanges(points, chain).map((range) => ({ timeline: timeline.id, ...range }));
}

function dataOfBase({ id, consistentAt, finishedAt, files, bytes, storedBytes }: Manifest) {
  const { transaction } = consistentAt;
  return { id, transaction, finishedAt: finishedAt.toISOString(), files, bytes, storedBytes };
}

function describeNewest({ last, until }: Range, ageMs: number): string {
  return `transaction ${last}, committed ${until.toISOString()}, ${describeSeconds(ageMs)} ago`;
}

function describeRange({ first, last, from, until }: Range): string {
  return first === last
    ? `transaction ${first}, ${from.toISOString()}`
    : `transactions ${first} to ${last}, ${from.toISOString()} to ${until.toISOString()}`;
}

function describeBase({ id, consistentAt, bytes, storedBytes }: Manifest): string {
  return `${id}, as of transaction ${consistentAt.transaction}: ${formatBytes(bytes)}, stored ${formatBytes(storedBytes)}`;
}
