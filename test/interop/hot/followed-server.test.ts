import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { restoreDatabase } from '../../../src/restore/database-restore.ts';
import { campaign } from '../../support/random/campaign-size.ts';
import { BusyServer } from '../harness/busy-server.ts';
import { FollowProcess } from '../harness/follow-process.ts';
import { describeInterop, makeScratch } from '../harness/index.ts';

/** How often a server, or graphkeep, is killed in between. */
const KILL_EVERY = 4;

describeInterop('graphkeep backup --follow of a running server', () => {
  it.each(campaign.few(['3.5.34', '3.4.9'] as const, 1))(
    'a backup of %s is right and recent at any moment, though both are killed meanwhile',
    async (version) => {
      const busy = await BusyServer.start(version);
      const target = path.join(makeScratch('followed'), 'live');
      const endsAt = performance.now() + campaign.size(15 * 60_000, 0);
      let following = await FollowProcess.start(busy.place.directory, target);
      onTestFinished(() => following.kill());
      for (let look = 0; look < 3 || performance.now() < endsAt; look++) {
        if (look % KILL_EVERY === 1) await busy.restart('kill');
        if (look % KILL_EVERY === 2) {
          await following.kill();
          following = await FollowProcess.start(busy.place.directory, target);
        }
        await busy.ledger.advance(50);
        const atLeast = busy.ledger.acknowledged();
        await following.nextWholeStep();
        const copy = path.join(makeScratch('restored'), 'graph.db');
        await restore(target, copy);
        await busy.judge(copy, atLeast);
        console.log(`${version}: look ${look + 1}, ${following.describe()}`);
      }
      const { exitCode, fullBackups } = await following.stop();
      expect({ exitCode, fullBackups }).toEqual({ exitCode: 0, fullBackups: 0 });
    },
    3_600_000,
  );
});

async function restore(from: string, databaseDirectory: string): Promise<void> {
  await restoreDatabase({
    typedFrom: from,
    from,
    databaseName: 'graph.db',
    databaseDirectory,
    transactionLogDirectory: databaseDirectory,
    force: false,
    signal: new AbortController().signal,
  });
}
