import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { runNeo4jAdmin } from '../../src/cli/neo4j-admin/front.ts';
import { UNFINISHED_MARKER } from '../../src/restore/staged-database.ts';
import { campaign } from '../support/random/campaign-size.ts';
import {
  checkConsistency,
  describeInterop,
  exportGraph,
  findDifferences,
  javaBackup,
  makeScratch,
  RandomLoad,
  runAdmin,
  startServer,
  type Version,
  versions,
} from './harness/index.ts';

/* restore, dump, load and unbind against real servers and the real tool. */

async function ours(home: string, args: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const code = await runNeo4jAdmin(args, {
    env: { NEO4J_HOME: home, NEO4J_CONF: path.join(home, 'conf') },
    cwd: home,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    signal: new AbortController().signal,
    now: () => new Date(),
  });
  return { code, stdout, stderr };
}

const silent = { code: 0, stdout: '', stderr: '' };
const inUse = { code: 1, stderr: 'command failed: the database is in use -- stop Neo4j and try again\n' };

describeInterop('the neighbours of backup', () => {
  it.each<Version>(campaign.few(['3.4.9', '3.5.0-beta03'], 1))(
    'restore, dump and load of %s exchange databases with the real tool',
    async (version) => {
      const server = await startServer({ version });
      await new RandomLoad(server).run(300);
      const graph = await exportGraph(server);
      const backupDir = makeScratch('backups');
      const done = await javaBackup(version, { from: server.backupAddress, backupDir, name: 'full' });
      expect(done, done.stderr).toMatchObject({ code: 0 });
      const backup = path.join(backupDir, 'full');
      const dump = path.join(backupDir, 'ours.dump');

      // A running server is noticed by its lock.
      const { home } = server;
      expect(await ours(home, ['restore', `--from=${backup}`, '--force'])).toMatchObject(inUse);
      expect(await ours(home, ['dump', `--to=${dump}`])).toMatchObject(inUse);
      expect(await ours(home, ['load', `--from=${dump}`, '--force'])).toMatchObject(inUse);
      expect(await ours(home, ['unbind'])).toMatchObject({
        code: 1,
        stderr: 'command failed: Database is currently locked. Please shutdown Neo4j.\n',
      });
      expect(findDifferences(graph, await exportGraph(server))).toEqual([]);
      await server.cypher('CREATE (:AfterTheBackup)');
      await server.stop();

      // The server opens what we restore.
      expect(await ours(home, ['restore', `--from=${backup}`, '--force'])).toEqual(silent);
      const restored = await startServer({ version, home });
      expect(findDifferences(graph, await exportGraph(restored))).toEqual([]);
      await restored.stop();

      // The real tool loads what we dump, and the other way round.
      expect(await ours(home, ['dump', `--to=${dump}`])).toEqual(silent);
      const other = makeScratch('other-home');
      await mkdir(path.join(other, 'data/databases'), { recursive: true });
      expect(await runAdmin(version, { home: other, args: ['load', `--from=${dump}`] })).toMatchObject({ code: 0 });
      const loadedDirectory = path.join(other, 'data/databases/graph.db');
      expect(await checkConsistency(version, loadedDirectory)).toMatchObject({ consistent: true });
      const theirs = path.join(backupDir, 'theirs.dump');
      expect(await runAdmin(version, { home: other, args: ['dump', `--to=${theirs}`] })).toMatchObject({ code: 0 });
      expect(await ours(home, ['load', `--from=${theirs}`])).toMatchObject({
        code: 1,
        stderr: 'command failed: database already exists: graph.db\n',
      });
      expect(await ours(home, ['load', `--from=${theirs}`, '--force'])).toEqual(silent);
      const loaded = await startServer({ version, home });
      expect(findDifferences(graph, await exportGraph(loaded))).toEqual([]);
      await loaded.stop();
    },
  );

  it.each(versions)('the server of %s does not start while a restore is unfinished', async (version) => {
    const logs = makeScratch('transaction-logs');
    const conf = { 'dbms.directories.tx_log': logs };
    const server = await startServer({ version, conf });
    await server.stop();
    await writeFile(path.join(logs, UNFINISHED_MARKER), '');
    await expect(startServer({ version, home: server.home, conf })).rejects.toThrow('unfinished-restore');
  });

  it('a separate log directory gets the logs, and the server finds them there', async () => {
    const version = '3.5.0-beta03';
    const logs = makeScratch('transaction-logs');
    const conf = { 'dbms.directories.tx_log': logs };
    const server = await startServer({ version, conf });
    await server.cypher('CREATE (:Before)');
    const backupDir = makeScratch('backups');
    await javaBackup(version, { from: server.backupAddress, backupDir, name: 'full' });
    await server.cypher('CREATE (:After)');
    await server.stop();
    expect(await ours(server.home, ['restore', `--from=${path.join(backupDir, 'full')}`, '--force'])).toEqual(silent);
    const restored = await startServer({ version, home: server.home, conf });
    const { rows } = await restored.cypher('MATCH (n) RETURN labels(n)[0]');
    expect(rows).toEqual([['Before']]);
    await restored.cypher('CREATE (:Later)');
    await restored.stop();
    const dump = path.join(backupDir, 'x.dump');
    expect(await ours(server.home, ['dump', `--to=${dump}`])).toEqual(silent);
    const other = makeScratch('other-home');
    expect(await ours(other, ['load', `--from=${dump}`])).toEqual(silent);
    const opened = await startServer({ version, home: other });
    expect((await opened.cypher('MATCH (n) RETURN count(n)')).rows).toEqual([[2]]);
    await opened.stop();
  });
});
