import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { campaign } from '../support/random/campaign-size.ts';
import { describeInterop, makeScratch } from './harness/index.ts';
import {
  checkModern,
  dumpModern,
  findModernDifferences,
  judgeModern,
  loadDump,
  ModernLoad,
  ModernServer,
  type ModernServerOptions,
  modelAt,
  readModernGraph,
  selectRunnable,
} from './harness/modern/index.ts';

async function start(options: ModernServerOptions): Promise<ModernServer> {
  const server = await ModernServer.start(options);
  onTestFinished(() => server.kill());
  return server;
}

describeInterop('harness of modern servers', () => {
  // In the short form the tests of backups run the others.
  it.each(selectRunnable(campaign.isShort ? ['5.26.30'] : ['4.4.48', '5.26.30', '2026.08.1']))(
    'what is in a killed server %s is what its writers say, and the checker has no objections',
    async (version) => {
      const server = await start({ version });
      const load = new ModernLoad(server, { churn: true });
      await load.start();
      await load.advance(120);
      const atLeast = load.acknowledged();
      await server.kill();
      await load.stop();
      const atMost = load.sent();

      const again = await start({ version, home: server.home });
      expect(await judgeModern(again, load.seed, atLeast, atMost)).toEqual([]);
      await load.continueOn(again);
      await load.advance(30);
      const end = await load.stop();
      const graph = await readModernGraph(again);
      expect(graph.counters).toEqual(end);
      expect(findModernDifferences(modelAt(load.seed, end), graph)).toEqual([]);
      await again.cypher('MATCH (n:Item) WITH n LIMIT 1 SET n.score = 1.5');
      expect((await judgeModern(again, load.seed, end, end)).length).toBeGreaterThanOrEqual(2);
      await again.stop();

      expect(await checkModern(version, server.home)).toEqual({ ok: true, findings: [] });
      const home = makeScratch('loaded');
      await loadDump(version, home, await dumpModern(version, server.home));
      expect(await checkModern(version, home)).toEqual({ ok: true, findings: [] });
    },
  );

  it.each(campaign.few(selectRunnable(['5.26.30', '2026.08.1']), 1))(
    'a server %s that cannot open its database says so, and why',
    async (version) => {
      const server = await start({ version });
      await server.cypher('CREATE (:Item)');
      await server.kill();
      await rm(path.join(server.databaseDirectory, 'neostore.schemastore.db'));

      await expect(start({ version, home: server.home })).rejects.toMatchObject({
        name: 'DatabaseOffline',
        state: { status: 'offline', cause: expect.stringContaining('neostore.schemastore.db') },
      });
      const checked = await checkModern(version, server.home).catch((error: Error) => error.message);
      expect(checked).toContain('failed');
    },
  );
});
