import type { MarkOf } from '../../repository/catalogue/mark.ts';
import type { LastVerification, Trust } from '../../repository/marks/trust.ts';
import { describeAge } from '../progress/progress-text.ts';
import { noteOfEvent } from './event-data.ts';
import type { Note } from './reporter.ts';

/** Whoever has not proved it for so long does not know whether it can be restored. */
const STALE_MS = 30 * 86_400_000;

/** Rows of the text: a name and a sentence. */
export function describeTrust({ proof, verification, keyProvedAt, holds }: Trust, now: Date): string[][] {
  return [
    ['drill', proof === undefined ? 'never' : `${describeProof(proof)}, ${describeAge(ageOf(proof.made, now))} ago`],
    ['verified', verification === undefined ? 'never' : describeVerification(verification, now)],
    ...(keyProvedAt === undefined ? [] : [['key', `proved ${describeAge(ageOf(keyProvedAt, now))} ago`]]),
    ...holds.map(({ base, since, reason }) => {
      return ['held', `${base}, since ${since.toISOString()}${reason === undefined ? '' : `: ${reason}`}`];
    }),
  ];
}

function describeProof({ result, transaction, server, failure, restoreMs, checkMs }: MarkOf<'proof'>): string {
  const by = server === undefined ? '' : ` with Neo4j ${server}`;
  if (result === 'failed') return `failed${by}: ${failure ?? 'an unknown error'}`;
  const took = describeAge((restoreMs ?? 0) + (checkMs ?? 0));
  return `${result} as of transaction ${transaction ?? 'unknown'}${by}, took ${took}`;
}

const READ = { names: 'names only', read: 'every object read' };

function describeVerification({ extent, percent, faults, bases, made }: LastVerification, now: Date): string {
  const verdict = faults === 0 ? 'complete' : `${faults} faults`;
  const how = extent === 'part' ? `${percent ?? 0} % of the objects read` : READ[extent];
  return `${verdict} (${bases} full backup${bases === 1 ? '' : 's'}, ${how}), ${describeAge(ageOf(made, now))} ago`;
}

/** The same for programs. */
export function dataOfTrust({ proof, verification, keyProvedAt, holds }: Trust, now: Date): object {
  return {
    ...(proof === undefined ? {} : { drill: dataOfProof(proof, now) }),
    ...(verification === undefined ? {} : { verified: dataOfVerification(verification, now) }),
    ...(keyProvedAt === undefined
      ? {}
      : { keyProved: { at: keyProvedAt.toISOString(), ageMs: ageOf(keyProvedAt, now) } }),
    holds: holds.map(({ base, since, reason }) => {
      return { base, since: since.toISOString(), ...(reason === undefined ? {} : { reason }) };
    }),
  };
}

function dataOfProof(
  { base, made, moment, server, result, failure, transaction, restoreMs, checkMs }: MarkOf<'proof'>,
  now: Date,
) {
  return {
    at: made.toISOString(),
    ageMs: ageOf(made, now),
    base,
    moment,
    ...(server === undefined ? {} : { server }),
    result,
    ...(failure === undefined ? {} : { failure }),
    ...(transaction === undefined ? {} : { transaction }),
    ...(restoreMs === undefined ? {} : { restoreMs }),
    ...(checkMs === undefined ? {} : { checkMs }),
  };
}

function dataOfVerification({ made, extent, percent, faults, bases }: LastVerification, now: Date) {
  const part = percent === undefined ? {} : { readPercent: percent };
  return {
    at: made.toISOString(),
    ageMs: ageOf(made, now),
    read: extent === 'read',
    ...part,
    bases,
    faultCount: faults,
  };
}

/** What the user should know: where nobody can say whether a database comes back. */
export function findDoubts(
  database: string,
  { proof, keyProvedAt }: Trust,
  { now, encrypted }: { now: Date; encrypted: boolean },
): Note[] {
  const notes: Note[] = [];
  const add = (kind: string, text: string, data: object = {}): void => {
    notes.push(noteOfEvent({ ...data, kind, database } as { kind: string }, `${database}: ${text}`));
  };
  const proofAgeMs = proof === undefined ? 0 : ageOf(proof.made, now);
  if (proof === undefined) add('never-drilled', 'nobody has proved that it can be restored: graphkeep drill does');
  else if (proof.result !== 'sound') add('drill-failed', `the last drill: ${describeProof(proof)}`);
  else if (proofAgeMs > STALE_MS)
    add('drill-stale', `the last drill is ${describeAge(proofAgeMs)} old`, { ageMs: proofAgeMs });
  if (!encrypted) return notes;
  const keyAgeMs = keyProvedAt === undefined ? 0 : ageOf(keyProvedAt, now);
  if (keyProvedAt === undefined) add('key-never-proved', 'nobody has proved to have the key: graphkeep key check does');
  else if (keyAgeMs > STALE_MS) add('key-stale', `no key was proved for ${describeAge(keyAgeMs)}`, { ageMs: keyAgeMs });
  return notes;
}

function ageOf(made: Date, now: Date): number {
  return Math.max(0, now.getTime() - made.getTime());
}
