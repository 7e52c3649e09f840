import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { nextSeed } from '../support/random/seed.ts';
import { describeInterop, graphkeep, makeScratch } from './harness/index.ts';
import {
  checkModern,
  judgeModern,
  type LoadedMoment,
  loadDump,
  ModernLoad,
  ModernServer,
  type ModernServerOptions,
  selectRunnable,
} from './harness/modern/index.ts';

/*
 * Real servers of 4.4 to 2026.08 under load, whose files go into a repository while they write: the server opens what is restored as of any
 * moment, finds what its writers had by then, and its own checker has no objections.
 */

const INCREMENTALS = campaign.size(10, 3);

/** Indexes come and go under this load: whatever the server has of one that it is making, it makes again. */
function isIndexInTheMaking(note: Record<string, unknown>): boolean {
  return (
    note.code === 'file-left-to-server' && note.cause === 'incomplete' && String(note.name).startsWith('schema/index/')
  );
}

async function start(options: ModernServerOptions): Promise<ModernServer> {
  const server = await ModernServer.start(options);
  onTestFinished(() => server.kill());
  return server;
}

describeInterop('backups of modern servers', () => {
  it.each(selectRunnable(['4.4.48', '5.26.30', '2026.08.1']))(
    'the files of %s under load come back as of any moment',
    async (version) => {
      const dice = new Dice(nextSeed());
      const server = await start({ version });
      const load = new ModernLoad(server, { churn: true });
      await load.start();
      await load.advance(100);
      const repo = `--repo=${path.join(makeScratch('modern'), 'repository')}`;
      await graphkeep('repo', 'init', repo, '--no-encryption');

      const moments: LoadedMoment[] = [];
      for (let backup = 0; backup <= INCREMENTALS; backup++) {
        const atLeast = load.acknowledged();
        const report = await graphkeep('backup', `--from=file:${server.home}`, repo, '--database=neo4j');
        expect(report).toMatchObject({ kind: backup === 0 ? 'full' : 'incremental' });
        expect((report.notes as Record<string, unknown>[]).filter((note) => !isIndexInTheMaking(note))).toEqual([]);
        moments.push({ transaction: report.lastTransaction as number, atLeast, atMost: load.sent() });
        await load.advance(dice.between(10, 40));
      }
      const end = await load.stop();
      const last = await graphkeep('backup', `--from=file:${server.home}`, repo, '--database=neo4j');
      moments.push({ transaction: last.lastTransaction as number, atLeast: end, atMost: end });
      await server.stop();

      const [first, second] = moments as [LoadedMoment, LoadedMoment, ...LoadedMoment[]];
      const between = dice.between(first.transaction, second.transaction);
      const inside = { transaction: between, atLeast: first.atLeast, atMost: second.atMost };
      for (const { transaction, atLeast, atMost } of [first, inside, moments.at(-1)!]) {
        const home = makeScratch(`restored-${transaction}`);
        const to = path.join(home, 'data');
        const restored = await graphkeep('restore', repo, '--database=neo4j', `--until=${transaction}`, `--to=${to}`);
        expect(restored).toMatchObject({ transaction, needsRecovery: true });
        const opened = await start({ version, home });
        expect(await judgeModern(opened, load.seed, atLeast, atMost), `transaction ${transaction}`).toEqual([]);
        await opened.stop();
        expect(await checkModern(version, home)).toEqual({ ok: true, findings: [] });
        console.log(`${version}: transaction ${transaction} is right`);
      }

      const loaded = makeScratch('loaded');
      const dump = path.join(makeScratch('dump'), 'neo4j.dump');
      await graphkeep('export', repo, `--to=${dump}`);
      await loadDump(version, loaded, dump);
      const opened = await start({ version, home: loaded });
      expect(await judgeModern(opened, load.seed, end, end), 'the dump').toEqual([]);
      await opened.stop();
    },
    900_000,
  );
});
