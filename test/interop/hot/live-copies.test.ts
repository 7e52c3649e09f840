import path from 'node:path';
import { expect, it } from 'vitest';
import { runLiveJob } from '../../support/commands/run-job.ts';
import { campaign } from '../../support/random/campaign-size.ts';
import { BusyServer } from '../harness/busy-server.ts';
import { describeInterop, makeScratch } from '../harness/index.ts';

/** Backups of one server; then a new one, whose ledger is short again. */
const FULL_PER_SERVER = 25;

describeInterop('copies of a running server from its files', () => {
  it.each(['3.5.34', '3.4.9'] as const)(
    'full and incremental copies of %s under load are sound, and miss nothing that was acknowledged',
    async (version) => {
      const wanted = campaign.size(50, 1);
      const perFull = campaign.size(3, 1);
      for (let full = 0; full < wanted; ) {
        const busy = await BusyServer.start(version);
        for (const end = Math.min(wanted, full + FULL_PER_SERVER); full < end; full++) {
          const backupDir = makeScratch('backups');
          for (let step = 0; step <= perFull; step++) {
            await busy.ledger.advance(40);
            const atLeast = busy.ledger.acknowledged();
            const { report } = await runLiveJob(busy.place, backupDir, 'live', { fallbackToFull: step === 0 });
            expect(report.kind).toBe(step === 0 ? 'full' : 'incremental');
            // The processor is for the judge meanwhile: the load is for the backups.
            await busy.frozen(() => busy.judge(path.join(backupDir, 'live'), atLeast));
          }
          if (full + 1 === end) {
            await busy.ledger.stop();
            await runLiveJob(busy.place, backupDir, 'live', { fallbackToFull: false });
            await busy.expectSameGraph(path.join(backupDir, 'live'));
          }
          console.log(`${version}: ${full + 1} full and ${perFull * (full + 1)} incremental copies are right`);
        }
        await busy.close();
      }
    },
    6 * 3_600_000,
  );
});
