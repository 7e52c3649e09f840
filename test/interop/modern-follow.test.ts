import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { listLogFiles } from '../../src/log/log-files.ts';
import { FollowProcess } from './harness/follow-process.ts';
import { describeInterop, graphkeep, makeScratch } from './harness/index.ts';
import {
  judgeModern,
  ModernLoad,
  ModernServer,
  type ModernServerOptions,
  selectRunnable,
} from './harness/modern/index.ts';

/*
 * A real server under load that keeps hardly any log, and is killed once: a repository follows it, and the server opens what is restored
 * as of the last transaction and finds all that its writers had.
 */

async function start(options: ModernServerOptions): Promise<ModernServer> {
  const server = await ModernServer.start({ restless: { retention: 'keep_none' }, ...options });
  onTestFinished(() => server.kill());
  return server;
}

describeInterop('followed modern servers', () => {
  it.each(selectRunnable(['5.26.30']))(
    '%s is followed under load and over its restart',
    async (version) => {
      const first = await start({ version });
      const load = new ModernLoad(first);
      await load.start();
      await load.advance(30);
      const repo = `--repo=${path.join(makeScratch('modern-follow'), 'repository')}`;
      await graphkeep('repo', 'init', repo, '--no-encryption');
      const following = await FollowProcess.startWith(first.home, [repo, '--follow=1s']);
      onTestFinished(() => following.kill());
      await load.advance(60);
      await following.nextWholeStep();
      await first.kill();
      await load.stop();
      const second = await start({ version, home: first.home });
      await load.continueOn(second);
      await load.advance(60);
      await following.nextWholeStep();
      const end = await load.stop();
      await following.caughtUp();
      console.log(`${version}: ${following.describe()}`);
      await second.stop();
      await following.caughtUp();
      expect(await following.stop()).toMatchObject({
        exitCode: 0,
        fullBackups: 1,
        others: [{ database: 'system', fullBackups: 1 }],
      });
      expect(following.told).toEqual([]);
      expect(listLogFiles(second.logDirectory).lowest).toBeGreaterThan(0);

      const home = makeScratch('restored');
      await graphkeep('restore', repo, '--database=neo4j', `--to=${path.join(home, 'data')}`);
      const opened = await start({ version, home });
      expect(await judgeModern(opened, load.seed, end, end)).toEqual([]);
      await opened.stop();
    },
    600_000,
  );
});
