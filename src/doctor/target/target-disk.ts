import { stat, statfs } from 'node:fs/promises';
import { atFile } from '../../base/file-errors.ts';
import { mountOf } from '../../base/mounts.ts';
import { type DoctorFinding, failure, inOrder, unseen, warning } from '../findings/finding.ts';
import { isContainerLayer, isMemoryDisk, isNetworkDisk, isNoDisk, knowsReflinks } from '../machine/file-systems.ts';
import type { TargetView } from './target-view.ts';

/** More than any store of one database has, except for very many indexes. */
const FILES_OF_A_BACKUP = 200;

/** Whether the disk of the target keeps what is written to it. */
export async function checkTargetDisk({ base }: Pick<TargetView, 'base'>): Promise<DoctorFinding> {
  const mount = await mountOf(base);
  if (mount === undefined) return unseen('target-disk', 'this system does not tell on which kind of disk it is');
  const { type, point } = mount;
  const observed = `${type} at ${point}, reflinks: ${knowsReflinks(type)}`;
  if (isNoDisk(type))
    return failure('target-disk', `${type} at ${point} keeps no files`, 'Choose a directory on a disk.');
  if (isMemoryDisk(type)) {
    return warning(
      'target-disk',
      `${observed}; it is memory`,
      'Choose a directory on a disk: this one is lost when the machine restarts.',
    );
  }
  if (isContainerLayer(type)) {
    const remedy = 'Mount a volume there: what is in the layer of a container is removed with the container.';
    return warning('target-disk', `${observed}; it is the layer of a container`, remedy);
  }
  return inOrder(
    'target-disk',
    isNetworkDisk(type) ? `${observed}; it is a network disk, which has to know locks` : observed,
  );
}

/** One broken disk must not take database and backup. */
export async function checkSameDisk({ base }: Pick<TargetView, 'base'>, database: string): Promise<DoctorFinding> {
  const [target, source] = await Promise.all([base, database].map((path) => atFile('read', path, () => stat(path))));
  if (target!.dev !== source!.dev) return inOrder('same-disk', 'database and backup are on different file systems');
  return warning(
    'same-disk',
    'database and backup are on the same file system: whatever destroys it takes both',
    'Put the backup on another disk, or copy it to another machine after each run.',
  );
}

/** Whether a full copy may share its blocks with the files of the database, and so take hardly any room. */
export async function mayShareBlocks({ base }: Pick<TargetView, 'base'>, database: string): Promise<boolean> {
  const [target, source] = await Promise.all([base, database].map((path) => atFile('read', path, () => stat(path))));
  if (target!.dev !== source!.dev) return false;
  return knowsReflinks((await mountOf(base))?.type ?? '') !== 'no';
}

/** A file system may have room, and still no place for another file. */
export async function checkInodes({ base }: Pick<TargetView, 'base'>): Promise<DoctorFinding> {
  const { files, ffree } = await atFile('read', base, () => statfs(base));
  if (files === 0) return inOrder('inodes', 'this file system makes them as they are needed');
  const observed = `${ffree} of ${files} free`;
  const numbers = { free: ffree, total: files };
  if (ffree >= FILES_OF_A_BACKUP) return inOrder('inodes', observed, numbers);
  return failure('inodes', observed, 'Remove files from this disk (df -i), or choose another one.', numbers);
}
