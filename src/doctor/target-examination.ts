import type { LiveView } from './files-examination.ts';
import type { Findings } from './findings/attempt.ts';
import { describeBreak, describeContinuation, describeLiveContinuation, missingLogBytes } from './log/continuation.ts';
import type { ContinuationAnswer } from './network/server-answer.ts';
import { describeBackup, describeDamage, type ExistingBackup, readExistingBackup } from './target/existing-backup.ts';
import { findLeftovers } from './target/leftovers.ts';
import { checkRoom, roomOfFull, roomOfIncremental, type WantedRoom } from './target/room.ts';
import { checkInodes, checkSameDisk, checkTargetDisk, mayShareBlocks } from './target/target-disk.ts';
import { checkTargetInUse, checkTargetRights } from './target/target-rights.ts';
import { describeTarget, type TargetView } from './target/target-view.ts';

/** The backup, or why it is none that can be continued. */
export type FoundBackup = { is: ExistingBackup; error?: undefined } | { is?: undefined; error: unknown };

export async function readBackup({ places }: TargetView): Promise<FoundBackup> {
  try {
    return { is: await readExistingBackup(places.path) };
  } catch (error) {
    return { error };
  }
}

/** What is seen of the source; empty if there is none, or if it cannot be seen. */
export interface SourceView {
  live?: LiveView | undefined;
  answer?: ContinuationAnswer | undefined;
}

interface Surroundings extends SourceView {
  backup: FoundBackup | undefined;
  /** A source was named. */
  isAsked: boolean;
  nowMs: number;
}

const SHARED = 'it shares its blocks with the database';

/** Looks at the place of the backup, and at the backup that is there. */
export async function examineTarget(findings: Findings, target: TargetView, surroundings: Surroundings): Promise<void> {
  const { backup, live, answer, nowMs } = surroundings;
  const inUse = await checkTargetInUse(target);
  const mayShare = live !== undefined && (await mayShareBlocks(target, live.place.directory));
  findings.add(
    await findings.attempt('target', () => describeTarget(target)),
    await findings.attempt('target-rights', () => checkTargetRights(target)),
    inUse,
    await findings.attempt('leftovers', () => findLeftovers(target, inUse.level !== 'ok')),
    await findings.attempt('target-disk', () => checkTargetDisk(target)),
    live && (await findings.attempt('same-disk', () => checkSameDisk(target, live.place.directory))),
    await findings.attempt('room', () =>
      checkRoom(target, { ...wantedRoom(surroundings), unless: mayShare ? SHARED : undefined }),
    ),
    await findings.attempt('inodes', () => checkInodes(target)),
  );
  if (backup?.is === undefined) {
    if (backup !== undefined) findings.add(describeDamage(backup.error, inUse.level !== 'ok'));
    return;
  }
  const { last } = backup.is;
  findings.add(describeBackup(backup.is, nowMs));
  if (answer === undefined) return;
  if ('refusal' in answer) findings.add(describeBreak(answer.refusal));
  else if (live?.history === undefined) findings.add(describeContinuation(last.id, answer.hasNew));
  else {
    const { traffic, settings } = live;
    findings.add(describeLiveContinuation(last.id, answer.hasNew, live.history, { settings, traffic, nowMs }));
  }
}

function wantedRoom({ backup, live, answer, isAsked }: Surroundings): Omit<WantedRoom, 'unless'> {
  const isIncremental = backup?.is !== undefined && (answer === undefined ? !isAsked : 'hasNew' in answer);
  const logBytes = live?.history?.checkPoint?.bytesSince ?? live?.history?.bytes ?? 0;
  const fullBytes = live === undefined ? backup?.is?.bytes : roomOfFull(live.storeBytes, logBytes);
  const missing =
    isIncremental && live?.history !== undefined ? missingLogBytes(backup.is.last.id, live.history) : undefined;
  return { fullBytes, incrementalBytes: missing === undefined ? undefined : roomOfIncremental(missing), isIncremental };
}
