import { join } from 'node:path';
import { describeServedDatabase } from '../../../test/support/conformance/served-database.ts';
import { NumberedDatabase } from '../../../test/support/live/numbered-database.ts';
import { serveEmbedded } from './live-store.ts';

describeServedDatabase('LiveStore', async (scratch) => {
  const numbered = await NumberedDatabase.open(join(scratch, 'graph.db'));
  const { database } = numbered;
  return {
    place: serveEmbedded(database),
    directory: database.directory,
    get committed() {
      return numbered.committed;
    },
    commit: (count) => numbered.commit(count),
    checkPoint: () => database.checkPoint(),
    stop: () => database.close(),
  };
});
