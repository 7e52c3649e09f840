import { dirname, join } from 'node:path';
import { readBackupName } from '../../backup/backup-name.ts';
import {
  locateTarget,
  readTargetState,
  refuseInsideBackup,
  type TargetPlaces,
  type TargetState,
} from '../../backup/target/directory/target-places.ts';
import { canonicalDirectory, requireDirectory } from '../../base/canonical-directory.ts';
import { statIfExists } from '../../base/durable-files.ts';
import { recogniseStore } from '../../store/files/store-recognition.ts';
import { describeUnsupported } from '../../store/files/supported-store.ts';
import { type DoctorFinding, failure, inOrder } from '../findings/finding.ts';

/** Where a backup goes, as typed; paths are absolute. */
export interface TypedTarget {
  backupDir: string;
  name: string;
}

/** What is at the place of a backup. */
export interface TargetView {
  places: TargetPlaces;
  state: TargetState;
  /** The nearest directory that exists: the target itself, or one above it. */
  base: string;
}

/** Looks as a backup does before it begins, but takes no lock and makes nothing. Throws what it would throw. */
export async function viewTarget({ backupDir, name }: TypedTarget): Promise<TargetView> {
  const parent = await canonicalDirectory(backupDir);
  await requireDirectory(parent);
  const places = await locateTarget(join(parent, readBackupName(name, parent)));
  await refuseInsideBackup(places.path);
  return { places, state: await readTargetState(places), base: await nearestDirectory(places.path) };
}

async function nearestDirectory(path: string): Promise<string> {
  let at = path;
  while ((await statIfExists(at))?.isDirectory() !== true && at !== dirname(at)) at = dirname(at);
  return at;
}

/** What the next backup does with the place. */
export async function describeTarget({ places: { path, mounted }, state }: TargetView): Promise<DoctorFinding> {
  const kind = mounted === undefined ? '' : ', which cannot be renamed: a full backup moves into it file by file';
  switch (state) {
    case 'absent':
      return inOrder('target', `${path}${kind}: no backup yet, the next one is full`);
    case 'foreign':
      return failure(
        'target',
        `${path} holds something else than a backup`,
        'Choose another --name, or move the files away.',
      );
    case 'backup': {
      const store = await recogniseStore(path);
      if (store.kind === 'other') throw describeUnsupported(store, path);
      return inOrder('target', `${path}${kind}: a backup`);
    }
  }
}
