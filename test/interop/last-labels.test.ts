import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { checkConsistency, describeInterop, javaBackup, makeScratch, type Version } from './harness/index.ts';

/* A Java client applies the last transaction before the check point once more, to a label scan store that has it already. */

type Change = 'removed' | 'deleted with its node';

describeInterop('the last label of a range', () => {
  it.each<[Change, Version]>([
    ['removed', '3.4.9'],
    ['deleted with its node', '3.4.9'],
    ['removed', '3.5.0-beta03'],
    ['deleted with its node', '3.5.0-beta03'],
  ])(
    'a label that was %s by the last transaction does not come back in a backup of the Java client %s',
    async (change, version) => {
      const database = await EmbeddedDatabase.open(path.join(makeScratch('embedded'), 'graph.db'));
      onTestFinished(() => database.close());
      const { value: lonely } = await database.transact(async (transaction) => {
        for (let i = 0; i < 100; i++) transaction.createNode(['Common']);
        return transaction.createNode(['Common', 'Rare']);
      });
      await database.checkPoint();
      await database.transact(async (transaction) => {
        if (change === 'removed') transaction.removeLabel(lonely, 'Rare');
        else transaction.deleteNode(lonely);
      });
      const listener = await BackupListener.start(serveEmbedded(database), {
        listen: { host: '127.0.0.1', port: 0 },
        onEvent: () => {},
      });
      onTestFinished(() => listener.stop());
      const { host, port } = listener.address;
      const backupDir = makeScratch('backups');
      const from = `${host}:${port}`;
      const done = await javaBackup(version, { from, backupDir, name: 'b', args: ['--protocol=catchup'] });
      expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
      const { consistent, report } = await checkConsistency(version, path.join(backupDir, 'b'));
      expect(consistent, report.slice(0, 5000)).toBe(true);
    },
  );
});
