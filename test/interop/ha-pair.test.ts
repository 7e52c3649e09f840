import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runJob } from '../support/commands/run-job.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { readContent } from '../support/stores/stored-content.ts';
import {
  describeInterop,
  expectSoundCheck,
  exportGraph,
  findDifferences,
  type HaPair,
  makeScratch,
  openCopy,
  RandomLoad,
  startHaPair,
} from './harness/index.ts';

const version = '3.4.9';

let pair: HaPair;
beforeAll(async () => {
  pair = await startHaPair(version);
});
afterAll(() => pair?.kill());

describeInterop('backup of a high availability pair', () => {
  it('master and slave are backed up in full, and incrementals follow after the master has changed', async ({
    onTestFailed,
  }) => {
    onTestFailed(() => console.log(pair.console()));
    const backupDir = makeScratch('backups');
    const [first, second] = [await pair.master(), await pair.slave()];
    const run = async (instance: typeof first, name: string, kind: string) => {
      const last = await pair.awaitCaughtUp(instance);
      const options = { protocol: 'any', fallbackToFull: kind === 'full' } as const;
      const { report } = await runJob(instance.backupAddress, backupDir, name, options);
      expect(report).toMatchObject({ kind, lastTransaction: last });
    };
    const write = async () => {
      const load = new RandomLoad((await pair.master()).server, { values: 'plain' });
      await load.run(100);
    };
    await write();
    await run(first, 'from-master', 'full');
    await run(second, 'from-slave', 'full');

    await first.stop();
    await write();
    await run(second, 'from-master', 'incremental');
    await first.start();
    await pair.slave();
    await write();
    await run(first, 'from-slave', 'incremental');
    await run(first, 'from-master', 'incremental');

    const [one, other] = [path.join(backupDir, 'from-master'), path.join(backupDir, 'from-slave')];
    for (const backup of [one, other]) await expectSoundCheck(version, backup, false);
    expect(findContentDifferences(readContent(one), readContent(other))).toEqual([]);
    const copy = await openCopy(version, one);
    const master = await pair.master();
    expect(findDifferences(await exportGraph(master.server), await exportGraph(copy))).toEqual([]);
    await copy.kill();
  });
});
