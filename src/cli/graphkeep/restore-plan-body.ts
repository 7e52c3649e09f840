import { describeError, type GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import type { RestorePlan } from '../../repository/catalogue/restore-plan.ts';
import type { Repository } from '../../repository/opening/repository.ts';
import type { RestoreChoice } from '../../repository/reading/restore-choice.ts';
import { previewRestore, type RestorePreview } from '../../restore/preview/restore-preview.ts';
import type { DatabasePlace } from '../../restore/vacancy.ts';
import { readIdentities } from '../commands/repository-request.ts';
import { exitCodeOf } from '../failure-lines.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** `graphkeep restore --repo --plan`: what the restore would do. @returns the exit code that it would have, as far as can be told */
export async function restorePlanBody(
  chosen: { repository: Repository; choice: RestoreChoice; place: Omit<DatabasePlace, 'force'> },
  { values, context }: Invocation,
  reporter: Reporter,
): Promise<number> {
  const { repository, choice } = chosen;
  const { signal } = context;
  const place = { ...chosen.place, force: values.flag('force') };
  const identities = await readIdentities(repository, values, context);
  const preview = await previewRestore({ repository, choice, identities, ...place, signal });
  const { databaseName, databaseDirectory } = place;
  const { manifest, plan } = choice;
  const { problems } = preview;
  const log = logOf(plan);
  const lines = [
    `${databaseName}: would restore ${describeEnd(choice)} to ${databaseDirectory}`,
    ...describePreview(preview, choice, place.force).map(([name, text]) => `  ${name.padEnd(11)}  ${text}`),
    ...problems.map((problem) => `  problem      ${describeError(problem)}. ${problem.hint}`),
    problems.length === 0 ? 'Nothing is known that would make it fail' : 'It would fail',
  ];
  const { owner, wantedOwner, modes, use } = preview;
  reporter.report(lines.map(printableLine).join('\n'), {
    database: databaseName,
    directory: databaseDirectory,
    files: manifest.files,
    bytes: manifest.bytes,
    checked: false,
    needsRecovery: manifest.store.kernelVersion !== undefined,
    base: manifest.id,
    writtenBy: preview.writtenBy,
    plan: {
      works: problems.length === 0,
      baseTransaction: manifest.consistentAt.transaction,
      baseCommitTime: manifest.consistentAt.commitTime.toISOString(),
      ...log,
      objects: preview.objects,
      fetchBytes: preview.fetchBytes,
      neededBytes: preview.neededBytes,
      ...(preview.freeBytes === undefined ? {} : { freeBytes: preview.freeBytes }),
      exists: preview.exists,
      ...(use.kind === 'unseen' ? {} : { inUse: use.kind === 'held' }),
      ...(owner === undefined ? {} : { ownerId: owner.uid, groupId: owner.gid }),
      ...(wantedOwner === undefined ? {} : { wantedOwnerId: wantedOwner.uid, wantedGroupId: wantedOwner.gid }),
      directoryMode: octal(modes.directory),
      fileMode: octal(modes.file),
      problems: problems.map(describeProblem),
    },
  });
  const [first] = problems;
  return first === undefined ? 0 : exitCodeOf(signal, first);
}

function describeProblem({ code, message, observed, hint }: GraphkeepError) {
  return { code, message, ...(observed === undefined ? {} : { observed: String(observed) }), hint };
}

/** The log that is read after the full backup, and where it ends if not with the last transaction of it. */
function logOf({ base, segments, end }: RestorePlan) {
  const last = segments.at(-1)?.last ?? base.transaction;
  const lastTransaction = end !== undefined && 'transaction' in end ? end.transaction : last;
  return {
    ...(segments.length === 0 ? {} : { firstTransaction: base.transaction + 1 }),
    lastTransaction,
    ...(end !== undefined && 'before' in end ? { until: end.before.toISOString() } : {}),
  };
}

function describeEnd({ plan }: RestoreChoice): string {
  const { lastTransaction, until } = logOf(plan);
  if (until === undefined) return `the state as of transaction ${lastTransaction}`;
  return `the state as of the last transaction before the first one that is later than ${until}`;
}

function describePreview(
  { objects, fetchBytes, neededBytes, freeBytes, writtenBy, exists, use, owner, wantedOwner, modes }: RestorePreview,
  { manifest, plan }: RestoreChoice,
  force: boolean,
): [string, string][] {
  const { transaction, commitTime } = manifest.consistentAt;
  const { firstTransaction, lastTransaction, until } = logOf(plan);
  const upTo = until === undefined ? `${lastTransaction}` : `${lastTransaction} at most`;
  const isModern = manifest.store.kernelVersion !== undefined;
  const modern =
    ': a server of that release or a later one of the same series recovers it when it starts; the log after the full backup may have been ' +
    'written by a later one';
  const server = {
    held: 'a server or another command works on it',
    free: 'no server is seen to run on it',
    unseen: 'this system does not tell whether a server runs on it',
  };
  const who = owner === undefined ? '' : `user id ${owner.uid}, group id ${owner.gid}; `;
  const wanted = wantedOwner === undefined ? '' : `, not user id ${wantedOwner.uid} as what is there or around it`;
  return [
    ['full backup', `${manifest.id}, as of transaction ${transaction}, ${commitTime.toISOString()}`],
    ['log', firstTransaction === undefined ? 'none after it' : `transactions ${firstTransaction} to ${upTo}`],
    ['fetch', `${objects} objects, ${formatBytes(fetchBytes)}`],
    [
      'room',
      `at least ${formatBytes(neededBytes)}; ${freeBytes === undefined ? 'free: unknown' : `${formatBytes(freeBytes)} free`}`,
    ],
    ['opens with', `Neo4j ${writtenBy}${isModern ? modern : ''}`],
    [
      'target',
      `${exists ? `something is there${force ? ', and is replaced' : ''}` : 'nothing is there'}; ${server[use.kind]}`,
    ],
    ['owner', `${who}modes ${octal(modes.directory)} and ${octal(modes.file)}${wanted}`],
  ];
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
