import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Dice } from '../../../src/base/dice.ts';
import { nextSeed } from '../../support/random/seed.ts';
import { describeInterop, graphkeep, makeScratch } from '../harness/index.ts';
import { BusyModernServer, judgeMoment, type ModernMoment, selectRunnable } from '../harness/modern/index.ts';

/** Full backups of each release. */
const COPIES = Number(process.env.GRAPHKEEP_COPIES ?? 25);
const INCREMENTS = 3;
/** Full backups of one server; then a new one, whose load is short again. */
const FULL_PER_SERVER = 25;
const WRITERS = 6;

describeInterop('copies of a running modern server from its files', () => {
  it.each(selectRunnable(['4.4.48', '5.26.30', '2026.08.1']))(
    'full and incremental backups of %s under heavy load are right at their ends',
    async (version) => {
      const dice = new Dice(nextSeed());
      for (let full = 0; full < COPIES; ) {
        const busy = await BusyModernServer.start(version, {}, WRITERS);
        onTestFinished(() => busy.close());
        for (const end = Math.min(COPIES, full + FULL_PER_SERVER); full < end; full++) {
          const folder = makeScratch('copies');
          const repo = `--repo=${path.join(folder, 'repository')}`;
          await graphkeep('repo', 'init', repo, '--no-encryption');
          const moments: ModernMoment[] = [];
          for (let step = 0; step <= INCREMENTS; step++) {
            const atLeast = busy.acknowledged();
            const report = await graphkeep('backup', `--from=file:${busy.home}`, repo, '--database=neo4j');
            expect(report).toMatchObject({ kind: step === 0 ? 'full' : 'incremental' });
            const transaction = report.lastTransaction as number;
            moments.push({ version, seed: busy.seed, transaction, atLeast, atMost: busy.sent() });
            await busy.advance(dice.between(10, 60));
          }
          const [first, ...increments] = moments as [ModernMoment, ...ModernMoment[]];
          for (const moment of [first, dice.pick(increments)]) {
            // The processor is for the judges meanwhile: the load is for the backups.
            await busy.resting(async () => {
              expect(await judgeMoment(repo, moment, { check: true }), `transaction ${moment.transaction}`).toEqual([]);
            });
          }
          await rm(folder, { recursive: true });
          console.log(`${version}: ${full + 1} full and ${INCREMENTS * (full + 1)} incremental backups are right`);
        }
        await busy.close();
      }
    },
    6 * 3_600_000,
  );
});
