import { viewLease } from '../repository/lease/run-lock.ts';
import { openRepository, type Repository } from '../repository/opening/repository.ts';
import { listDatabases } from '../repository/reading/database-history.ts';
import type { TypedRepository } from './doctor-options.ts';
import type { LiveView } from './files-examination.ts';
import type { Findings } from './findings/attempt.ts';
import { type DoctorFinding, inOrder, warning } from './findings/finding.ts';
import { describeBreak, describeContinuation, describeLiveContinuation, missingLogBytes } from './log/continuation.ts';
import type { ContinuationAnswer } from './network/server-answer.ts';
import { checkRepositoryRights } from './target/repository-rights.ts';
import { checkRoom } from './target/room.ts';
import { describeStoredBackup, readStoredBackup, type StoredBackup } from './target/stored-backup.ts';
import { checkInodes, checkSameDisk, checkTargetDisk } from './target/target-disk.ts';

/** A database whose backups go into a repository. */
export interface RepositorySource {
  /** Its name there. */
  name: string;
  /** The name is that of one of several databases. */
  isOneOfSeveral: boolean;
  live: LiveView | undefined;
  /** Bytes of log that a full backup takes with it. */
  fullLogBytes?: number | undefined;
  /** Undefined if the source cannot be asked. */
  ask: ((stored: StoredBackup) => Promise<ContinuationAnswer | undefined>) | undefined;
}

interface Surroundings {
  /** Empty if none was named, or if none can be backed up. */
  sources: readonly RepositorySource[];
  /** A source was named. */
  isAsked: boolean;
  signal: AbortSignal;
  nowMs: number;
}

/** Looks at a repository as the place of backups, and at the backups in it that would be continued. */
export async function examineRepository(
  all: Findings,
  typed: TypedRepository,
  { sources, isAsked, signal, nowMs }: Surroundings,
): Promise<void> {
  const store = await all.attempt('repository', () => typed.open());
  if (store === undefined) return;
  const findings = all.about({ repository: store.address });
  const repository = await findings.attempt('repository', () => openRepository(store, signal));
  if (repository === undefined) return;
  findings.add(describeRepository(repository));
  const known = typed.database === undefined ? () => listDatabases(store, signal) : async () => [typed.database!];
  const wanted = isAsked ? sources : await findings.attempt('repository', async () => (await known()).map(unasked));
  const databases = wanted ?? [];
  const names = databases.map(({ name }) => name);
  findings.add(await findings.attempt('repository-rights', () => checkRepositoryRights(store, names, signal)));
  let incrementalBytes = 0;
  let isIncremental = databases.length > 0;
  for (const source of databases) {
    const own = source.isOneOfSeveral ? findings.about({ database: source.name }) : findings;
    const missing = await examineStored(own, repository, source, signal, nowMs);
    incrementalBytes += missing ?? 0;
    isIncremental &&= missing !== undefined;
  }
  if (store.kind !== 'folder') return;
  const place = { base: store.address };
  const lives = databases.map(({ live }) => live).filter((live) => live !== undefined);
  const fullBytes = databases.reduce(
    (sum, { live, fullLogBytes = 0 }) => sum + (live?.storeBytes ?? 0) + fullLogBytes,
    0,
  );
  findings.add(
    await findings.attempt('target-disk', () => checkTargetDisk(place)),
    lives[0] && (await findings.attempt('same-disk', () => checkSameDisk(place, lives[0]!.place.directory))),
    await findings.attempt('room', () =>
      checkRoom(place, {
        fullBytes: lives.length === 0 ? undefined : fullBytes,
        incrementalBytes: isIncremental && lives.length > 0 ? incrementalBytes : undefined,
        isIncremental,
        unless: 'it takes less when it is compressed',
        removable: 'graphkeep prune removes what is no longer needed.',
      }),
    ),
    await findings.attempt('inodes', () => checkInodes(place)),
  );
}

const unasked = (name: string, _: number, { length }: readonly string[]): RepositorySource => ({
  name,
  isOneOfSeveral: length > 1,
  live: undefined,
  ask: undefined,
});

const KINDS = { folder: 'a folder', s3: 'a bucket', memory: 'memory' } as const;

function describeRepository({ store, settings: { encryption } }: Repository): DoctorFinding {
  if (encryption.method === 'none') return inOrder('repository', `a repository in ${KINDS[store.kind]}, not encrypted`);
  const recipients = encryption.recipients.length;
  return inOrder(
    'repository',
    `a repository in ${KINDS[store.kind]}, encrypted for ${recipients} recipient${recipients === 1 ? '' : 's'}`,
    {
      recipients,
    },
  );
}

/** @returns the bytes of log that the next backup adds at most; undefined if it is full, or if that cannot be seen */
async function examineStored(
  findings: Findings,
  repository: Repository,
  { name, live, ask }: RepositorySource,
  signal: AbortSignal,
  nowMs: number,
): Promise<number | undefined> {
  findings.add(await findings.attempt('target-in-use', () => checkLease(repository, name, signal)));
  const before = findings.list.length;
  const stored = await findings.attempt('backup', () => readStoredBackup(repository, name, signal));
  if (findings.list.length > before) return undefined;
  findings.add(describeStoredBackup(stored, nowMs));
  const answer = stored && ask && (await ask(stored));
  if (stored === undefined || answer === undefined) return undefined;
  const { last } = stored;
  if ('refusal' in answer) {
    findings.add(describeBreak(answer.refusal, 'another timeline begins with it'));
    return undefined;
  }
  if (live?.history === undefined) {
    findings.add(describeContinuation(last.id, answer.hasNew));
    return undefined;
  }
  const { settings, traffic, history } = live;
  findings.add(describeLiveContinuation(last.id, answer.hasNew, history, { settings, traffic, nowMs }));
  return answer.hasNew ? missingLogBytes(last.id, history) : 0;
}

async function checkLease({ store }: Repository, database: string, signal: AbortSignal): Promise<DoctorFinding> {
  const holder = await viewLease(store, database, signal);
  if (holder === undefined) return inOrder('target-in-use', 'no other run works on the database in the repository');
  return warning(
    'target-in-use',
    `another run works on it (${holder.operation}, process ${holder.pid} of ${holder.host}), so what is said here may change any moment`,
    'A second backup of the same database into the same repository is refused until this one has ended.',
  );
}
