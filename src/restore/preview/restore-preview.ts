import { GraphkeepError, hasCode } from '../../base/errors.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { describeKernelVersion } from '../../log/modern/fields/kernel-version.ts';
import type { Repository } from '../../repository/opening/repository.ts';
import type { RestoreChoice } from '../../repository/reading/restore-choice.ts';
import { StoredObjects } from '../../repository/reading/stored-objects.ts';
import type { Unsealing } from '../../repository/seal/unseal/unsealing.ts';
import { openOneObject } from '../../repository/verifying/key-proof.ts';
import { verifyPlan } from '../../repository/verifying/verification.ts';
import { releaseOfStore } from '../../store/files/neo4j-versions.ts';
import type { DatabasePlace } from '../vacancy.ts';
import { type PlacePreview, previewPlace } from './place-preview.ts';

/** What a restore of a moment would do. */
export interface RestorePreview extends Omit<PlacePreview, 'problems'> {
  /** Objects to fetch, and their size. */
  objects: number;
  fetchBytes: number;
  /** Room for the files of the full backup, and the log after it; how far that can be compressed is not known. */
  neededBytes: number;
  /** The releases that wrote what is restored. */
  writtenBy: string;
  /** Why the restore would fail; empty if nothing is known that would prevent it. */
  problems: readonly GraphkeepError[];
}

export interface PreviewOptions extends DatabasePlace {
  readonly repository: Repository;
  readonly choice: RestoreChoice;
  /** None if the repository is not encrypted. */
  readonly identities: Unsealing['identities'];
  readonly signal: AbortSignal;
}

/**
 * Tells what a restore would do, without doing it: everything that it reads is there by its name and size, one object can be opened, and
 * the place is as a restore needs it. Of what is in the other objects nothing is said.
 * @throws GraphkeepError those of the store
 */
export async function previewRestore(options: PreviewOptions): Promise<RestorePreview> {
  const { repository, choice, signal } = options;
  const { manifest } = choice;
  const { store } = repository;
  const problems: GraphkeepError[] = [];
  const found = await verifyPlan(store, choice, { signal, onFault: (fault) => problems.push(fault) });
  const keyProblem = problems.length > 0 ? undefined : await findKeyProblem(options);
  if (keyProblem !== undefined) problems.push(keyProblem);
  const isModern = manifest.store.kernelVersion !== undefined;
  const { problems: ofPlace, ...place } = await previewPlace(options, isModern);
  problems.push(...ofPlace);
  const fetchBytes = found.storedBytes + manifest.index.bytes;
  const neededBytes = manifest.bytes + Math.max(0, fetchBytes - manifest.storedBytes);
  const { freeBytes } = place;
  if (freeBytes !== undefined && freeBytes < neededBytes) problems.push(noRoom(options, freeBytes, neededBytes));
  return {
    ...place,
    objects: found.objects + 1,
    fetchBytes,
    neededBytes,
    writtenBy: describeWriter(manifest.store),
    problems,
  };
}

/** The key that is given opens the backup. */
async function findKeyProblem({
  repository,
  choice,
  identities,
  signal,
}: PreviewOptions): Promise<GraphkeepError | undefined> {
  const objects = new StoredObjects(repository.store, { codec: await loadFrameCodec(), identities }, signal);
  try {
    await openOneObject(objects, choice.manifest, signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof GraphkeepError) || hasCode(error, 'cancelled', 'internal')) throw error;
    return error;
  }
}

function noRoom({ databaseDirectory }: DatabasePlace, freeBytes: number, neededBytes: number): GraphkeepError {
  return new GraphkeepError('file.io', 'there is not enough room for the database', {
    place: { file: databaseDirectory },
    observed: `${freeBytes} bytes free, ${neededBytes} needed`,
    hint: 'Make room on this disk, or choose another place with --to.',
  });
}

function describeWriter({ kernelVersion, storeVersion }: RestoreChoice['manifest']['store']): string {
  if (kernelVersion !== undefined) return describeKernelVersion(kernelVersion);
  return releaseOfStore(storeVersion)?.releases ?? 'unknown';
}
