import { realpath } from 'node:fs/promises';
import { mountOf } from '../../base/mounts.ts';
import { type DoctorFinding, inOrder, unseen, warning } from '../findings/finding.ts';
import { isNetworkDisk } from '../machine/file-systems.ts';

/** What one machine writes to a network disk, another one may see late: a copy could then miss what its log refers to. */
export async function checkSourceDisk(directory: string): Promise<DoctorFinding> {
  const mount = await mountOf(await realpath(directory));
  if (mount === undefined) return unseen('source-disk', 'this system does not tell on which kind of disk it is');
  const observed = `${mount.type} at ${mount.point}`;
  if (!isNetworkDisk(mount.type)) return inOrder('source-disk', observed);
  return warning(
    'source-disk',
    `${observed}, a network disk`,
    'Run the backup on the machine of the server: on another one, writes may be seen late or in another order.',
  );
}
