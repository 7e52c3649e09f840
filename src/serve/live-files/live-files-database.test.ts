import { watch } from 'node:fs';
import { join } from 'node:path';
import { describeServedDatabase } from '../../../test/support/conformance/served-database.ts';
import { NumberedDatabase } from '../../../test/support/live/numbered-database.ts';
import { LiveFilesPlace } from './live-files-place.ts';

describeServedDatabase('LiveFilesDatabase', async (scratch) => {
  const numbered = await NumberedDatabase.open(join(scratch, 'graph.db'));
  const { database } = numbered;
  const { directory } = database;
  // The first watcher of a process opens a file that stays open for all others.
  watch(directory).close();
  const place = await LiveFilesPlace.open({
    locate: async () => ({ directory, logDirectory: directory }),
    spoolDirectory: join(scratch, 'spool'),
  });
  return {
    place,
    directory,
    get committed() {
      return numbered.committed;
    },
    commit: (count) => numbered.commit(count),
    checkPoint: () => database.checkPoint(),
    stop: async () => {
      await place.close();
      await database.close();
    },
  };
});
