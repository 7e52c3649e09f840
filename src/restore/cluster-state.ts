import { join } from 'node:path';
import { removeTree, statIfExists } from '../base/durable-files.ts';
import { GraphkeepError, hasCode } from '../base/errors.ts';
import { withDatabaseLock } from '../store/files/database-lock.ts';

export interface UnbindOptions {
  dataDirectory: string;
  databaseDirectory: string;
}

/**
 * Removes the cluster state of a stopped server, so that it can join a cluster again (spec backup-command 7.4).
 * @returns false if there was none
 */
export async function removeClusterState({ dataDirectory, databaseDirectory }: UnbindOptions): Promise<boolean> {
  const state = join(dataDirectory, 'cluster-state');
  try {
    return await withDatabaseLock(
      databaseDirectory,
      'Database is currently locked. Please shutdown Neo4j.',
      async () => {
        if ((await statIfExists(state)) === undefined) return false;
        await removeTree(state);
        return true;
      },
    );
  } catch (error) {
    if (!hasCode(error, 'directory.in-use')) throw error;
    throw new GraphkeepError('directory.in-use', 'Database is currently locked. Please shutdown Neo4j.', {
      cause: error,
    });
  }
}
