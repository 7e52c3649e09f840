import { realpath } from 'node:fs/promises';
import { mountOf } from '../../base/mounts.ts';
import type { DatabasePlace } from '../../source/live-files/live-database.ts';
import { type DoctorFinding, inOrder, unseen, warning } from '../findings/finding.ts';
import { isNetworkDisk } from '../machine/file-systems.ts';

/** What one machine writes to a network disk, another one may see late: a copy could then miss what its log refers to. */
export async function checkSourceDisk({ directory, logDirectory }: DatabasePlace): Promise<DoctorFinding> {
  const mounts = await Promise.all([directory, logDirectory].map(async (path) => mountOf(await realpath(path))));
  const [store, log] = mounts;
  if (store === undefined || log === undefined) {
    return unseen('source-disk', 'this system does not tell on which kind of disk it is');
  }
  const logs = log.point === store.point ? '' : `, logs on ${log.type} at ${log.point}`;
  const observed = `${store.type} at ${store.point}${logs}`;
  if (![store, log].some(({ type }) => isNetworkDisk(type))) return inOrder('source-disk', observed);
  return warning(
    'source-disk',
    `${observed}: a network disk`,
    'Run the backup on the machine of the server: on another one, writes may be seen late or in another order.',
  );
}
