import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { LogReader } from '../../src/log/v3/log-reader.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { nextSeed } from '../support/random/seed.ts';
import {
  DatabaseOpener,
  describeInterop,
  expectSoundCheck,
  exportGraph,
  findDifferences,
  type Graph,
  graphkeep,
  makeScratch,
  RandomLoad,
  type RunningServer,
  restless,
  startServer,
} from './harness/index.ts';

/*
 * A real server under load, its files into an encrypted repository: any moment comes back exactly as the server showed it then. Between two
 * backups there are several such moments, each at rest between two bursts of load, so that it can be known what the graph was.
 */

const missing = ['age-keygen'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
const skip = missing.length > 0 && !process.env.CI;
const NAME = 'moments in a repository';

interface Moment {
  transaction: number;
  time: Date;
  graph: Graph;
}

/** Log files are kept, so that the test can read the last transaction from them. */
const settings = { ...restless, 'dbms.tx_log.rotation.retention_policy': 'true' };

describeInterop(skip ? `${NAME} (skipped: needs ${missing.join(', ')})` : NAME, () => {
  it.skipIf(skip).each(campaign.isShort ? (['3.5.34'] as const) : (['3.5.34', '3.4.9'] as const))(
    'any moment of %s comes back as the server showed it',
    async (version) => {
      const dice = new Dice(nextSeed());
      const server = await startServer({ version, conf: settings });
      onTestFinished(() => server.kill());
      const load = new RandomLoad(server, { values: 'everything' });
      await load.run(150);
      const scratch = makeScratch('moments');
      const key = path.join(scratch, 'key');
      execFileSync('age-keygen', ['-o', key], { stdio: 'ignore' });
      const recipient = execFileSync('age-keygen', ['-y', key], { encoding: 'utf8' }).trim();
      const repo = `--repo=${path.join(scratch, 'repository')}`;
      await graphkeep('repo', 'init', repo, `--recipients=${recipient}`);
      const backUp = (...more: string[]) =>
        graphkeep('backup', `--from=file:${server.storeDirectory}`, repo, '--database=graph.db', ...more);
      await load.start();
      await backUp();
      await load.stop();
      const moments: Moment[] = [];
      const wanted = campaign.size(50, 6);
      while (moments.length < wanted) {
        await changeSchema(server, moments.length);
        moments.push(await lookAt(server));
        await load.run(dice.between(10, 60));
        if (dice.chance(0.3)) {
          await load.start();
          await backUp(...(dice.chance(0.3) ? ['--full'] : []));
          await load.stop();
        }
      }
      await backUp();
      const opener = await DatabaseOpener.start(version);
      onTestFinished(() => opener.end());
      for (const [at, { transaction, time, graph }] of moments.entries()) {
        const isTime = at % 3 === 1;
        const until = isTime ? time.toISOString() : String(transaction);
        const to = path.join(scratch, `restored-${at}`, 'graph.db');
        const report = await graphkeep(
          'restore',
          repo,
          `--identity=${key}`,
          `--until=${until}`,
          `--to=${to}`,
          '--check',
        );
        expect(report).toMatchObject({ transaction });
        await expectSoundCheck(version, to, false);
        const differences = await opener.use(to, async (database) =>
          findDifferences(graph, await exportGraph(database)),
        );
        expect(differences, `moment ${until}`).toEqual([]);
        console.log(`${version}: moment ${at + 1} of ${wanted}, ${isTime ? 'a time' : 'a transaction'}: equal`);
      }
    },
    3_600_000,
  );
});

/** The graph of a server at rest, and the moment that it belongs to. */
async function lookAt(server: RunningServer): Promise<Moment> {
  const graph = await exportGraph(server);
  let transaction = 0;
  for (const item of new LogReader(server.storeDirectory)) {
    if (item.kind === 'transaction') transaction = item.transactionId;
  }
  const time = new Date();
  while (Date.now() <= time.getTime() + 1) await pause(1);
  return { transaction, time, graph };
}

/** Creates an index, drops it, and the same with a constraint, in turn. `change` counts from 0. */
async function changeSchema(server: RunningServer, change: number): Promise<void> {
  const what = ['INDEX ON :Moment(a)', 'CONSTRAINT ON (n:Moment) ASSERT n.b IS UNIQUE'][Math.floor(change / 2) % 2];
  await server.cypher(`${change % 2 === 0 ? 'CREATE' : 'DROP'} ${what}`);
}
