import { join } from 'node:path';
import { describeServedDatabase } from '../../../test/support/conformance/served-database.ts';
import { NumberedDatabase } from '../../../test/support/live/numbered-database.ts';
import { serveStore } from './stopped-store.ts';

describeServedDatabase('StoppedStore', async (scratch) => {
  const directory = join(scratch, 'graph.db');
  const { database, committed } = await NumberedDatabase.open(directory);
  await database.close();
  const store = await serveStore(directory);
  const nobodyWorks = async () => {};
  return {
    place: store,
    directory,
    committed,
    commit: nobodyWorks,
    checkPoint: nobodyWorks,
    stop: () => store.close(),
  };
});
