import { GraphkeepError } from '../base/errors.ts';
import { asGraphkeepError } from '../base/file-errors.ts';
import type { JobEvent } from './backup-events.ts';
import type { BackupTarget } from './target/backup-target.ts';
import { isActive, type Member } from './target/shared/members.ts';
import { SharedTarget } from './target/shared/shared-target.ts';

/** A target without a new backup, and why. */
export interface LeftOut {
  location: string;
  error: unknown;
}

/** Makes a backup in any open target. */
type Make<Made> = (target: BackupTarget) => Promise<Made>;

/**
 * Makes one backup for several targets, so that the source is read once: those that hold a backup share one, and those that do not share
 * another. A target that has to be left out of what the others share gets a backup of its own, with everything that is done for a single
 * target. `unopened`: targets that have failed already.
 *
 * @throws GraphkeepError `backup.left-out` if some targets have no new backup; what stopped the first one if none has
 */
export async function makeTogether<Made>(
  members: readonly Member[],
  unopened: readonly LeftOut[],
  make: Make<Made>,
  onEvent: (event: JobEvent) => void,
  signal: AbortSignal,
): Promise<Made> {
  const made: Made[] = [];
  for (const { isHolding, group } of await groupByNeed(members)) {
    const alone = group.length === 1 ? group : await makeShared(group, isHolding, make, made);
    for (const member of alone) await makeAlone(member, make, made, signal);
  }
  const failed = members.filter((member) => !isActive(member));
  if (failed.length === members.length) throw failed[0]!.failure;
  const failures = failed.map(({ target, failure }) => ({ location: target.location, error: failure }));
  const complete = members.filter((member) => !failed.includes(member)).map(({ target }) => target.location);
  tellLeftOut([...unopened, ...failures], complete, onEvent);
  return made.at(-1)!;
}

/** One whose content cannot be told is in no group. */
async function groupByNeed(members: readonly Member[]): Promise<{ isHolding: boolean; group: Member[] }[]> {
  const groups = [true, false].map((isHolding) => ({ isHolding, group: [] as Member[] }));
  for (const member of members) {
    if (!isActive(member)) continue;
    try {
      const isHolding = await member.target.holdsBackup();
      groups.find((candidate) => candidate.isHolding === isHolding)!.group.push(member);
    } catch (error) {
      member.failure = error;
    }
  }
  return groups.filter(({ group }) => group.length > 0);
}

/** @returns the members that were left out */
async function makeShared<Made>(
  group: readonly Member[],
  isHolding: boolean,
  make: Make<Made>,
  made: Made[],
): Promise<Member[]> {
  try {
    made.push(await make(new SharedTarget(group, isHolding)));
    return group.filter((member) => !isActive(member));
  } catch (error) {
    const leftOut = group.filter((member) => !isActive(member));
    // What has stopped the source would stop it again.
    for (const member of group) member.failure ??= error;
    return leftOut;
  }
}

async function makeAlone<Made>(member: Member, make: Make<Made>, made: Made[], signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  delete member.failure;
  try {
    made.push(await make(member.target));
  } catch (error) {
    member.failure = error;
  }
}

/**
 * Tells which targets have no new backup.
 * @param complete where the others are
 * @throws GraphkeepError `backup.left-out` if there are any
 */
export function tellLeftOut(
  leftOut: readonly LeftOut[],
  complete: readonly string[],
  onEvent: (event: JobEvent) => void,
): void {
  if (leftOut.length === 0) return;
  for (const { location, error } of leftOut) {
    onEvent({ kind: 'target-left-out', target: location, error: asGraphkeepError(error) });
  }
  const count = leftOut.length + complete.length;
  throw new GraphkeepError('backup.left-out', `${leftOut.length} of ${count} repositories have no new backup`, {
    place: { object: leftOut.map(({ location }) => location).join(', ') },
    observed: `complete: ${complete.join(', ')}`,
  });
}
