import path from 'node:path';
import { expect, it } from 'vitest';
import {
  checkConsistency,
  checkLedger,
  describeInterop,
  exportGraph,
  findChanges,
  findDifferences,
  hashDirectory,
  javaBackup,
  Ledger,
  makeScratch,
  openCopy,
  RandomLoad,
  startServer,
} from './harness/index.ts';

/** This checker opens and closes every tree, which writes their state pages; it must touch nothing else. */
const isTree = (file: string) =>
  /^neostore\.labelscanstore\.db$|^schema\/index\/.*\/(native|string|spatial|temporal)-/.test(file);

describeInterop('harness', () => {
  it('the harness takes a real Java backup of a written server, and the restored copy holds an equal graph', async () => {
    const server = await startServer({ version: '3.4.9' });
    const load = new RandomLoad(server);
    const statistics = await load.run(1000);
    expect(statistics.committed).toBeGreaterThan(900);
    const source = await exportGraph(server);
    expect(source.nodes.length).toBeGreaterThan(500);
    expect(source.relationships.length).toBeGreaterThan(300);

    const backupDir = makeScratch('backups');
    const backup = path.join(backupDir, 'full');
    const done = await javaBackup('3.4.9', { from: server.backupAddress, backupDir, name: 'full' });
    expect(done, done.stderr).toMatchObject({ code: 0 });
    await server.stop();

    const before = await hashDirectory(backup);
    expect(await checkConsistency('3.4.9', backup)).toMatchObject({ consistent: true, report: '' });
    const changed = findChanges(before, await hashDirectory(backup));
    expect(changed.filter((file) => !isTree(file))).toEqual([]);

    const copy = await openCopy('3.4.9', backup);
    expect(findDifferences(source, await exportGraph(copy))).toEqual([]);
    await copy.cypher('MATCH (n) WITH n LIMIT 1 SET n.changed = 1.0');
    expect(findDifferences(source, await exportGraph(copy))).not.toEqual([]);
    await copy.stop();
  });

  it('the harness proves that a backup under load is a prefix of the history, and finds out when it is not', async () => {
    const server = await startServer({ version: '3.4.9' });
    const ledger = new Ledger(server);
    await ledger.start();
    await ledger.reach(400);
    const atLeast = ledger.acknowledged();
    const backupDir = makeScratch('backups');
    const done = await javaBackup('3.4.9', { from: server.backupAddress, backupDir, name: 'full' });
    expect(done, done.stderr).toMatchObject({ code: 0 });
    const final = await ledger.stop();
    expect(await checkLedger(server, ledger.seed, final)).toEqual({ numbers: final, violations: [] });
    await server.stop();

    const copy = await openCopy('3.4.9', path.join(backupDir, 'full'));
    const { numbers, violations } = await checkLedger(copy, ledger.seed, atLeast);
    expect(violations).toEqual([]);
    expect(numbers.some((number, worker) => number < final[worker]!)).toBe(true);

    expect((await checkLedger(copy, ledger.seed, final)).violations).not.toEqual([]);
    await copy.cypher('MATCH (:Item)-[r]->(:LedgerHub) WITH r LIMIT 1 DELETE r');
    expect((await checkLedger(copy, ledger.seed, atLeast)).violations).toHaveLength(1);
    await copy.stop();
  });
});
