import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeZstd } from '../../src/base/zstd/native-zstd.ts';
import { dumpDatabase } from '../../src/restore/database-dump.ts';
import { loadDatabase } from '../../src/restore/database-load.ts';
import {
  copyStore,
  describeInterop,
  exportGraph,
  findDifferences,
  type Graph,
  makeScratch,
  openCopy,
  runAdmin,
  startServer,
  type Version,
} from './harness/index.ts';

const signal = new AbortController().signal;

const databaseOf = (home: string) => path.join(home, 'data/databases/graph.db');

/** A home with nothing but a database; the real tools require one. */
async function makeHome(store?: string): Promise<string> {
  const home = makeScratch('dumps');
  await mkdir(path.dirname(databaseOf(home)), { recursive: true });
  if (store !== undefined) await copyStore(store, databaseOf(home));
  return home;
}

const options = (home: string) => ({
  databaseName: 'graph.db',
  databaseDirectory: databaseOf(home),
  transactionLogDirectory: databaseOf(home),
  signal,
});

describeInterop('dumps', () => {
  describe.each<{ version: Version; writes: 'gzip' | 'zstd'; reads: readonly ('gzip' | 'zstd')[] }>([
    { version: '3.4.9', writes: 'gzip', reads: ['gzip'] },
    { version: '3.5.34', writes: 'zstd', reads: ['gzip', 'zstd'] },
  ])('and $version', ({ version, writes, reads }) => {
    let store: string;
    let graph: Graph;

    beforeAll(async () => {
      const server = await startServer({ version });
      await server.cypher('CREATE INDEX ON :Thing(text)');
      await server.cypher(
        'UNWIND range(1, 3000) AS i CREATE (a:Thing {text: "text " + i})-[:NEXT {i: i}]->(:Other {list: range(0, i % 40)})',
      );
      graph = await exportGraph(server);
      await server.stop();
      store = server.storeDirectory;
    });

    async function expectGraph(home: string): Promise<void> {
      const server = await openCopy(version, databaseOf(home));
      expect(findDifferences(await exportGraph(server), graph)).toEqual([]);
      await server.stop();
    }

    it('we load what a real server has dumped', async () => {
      const home = await makeHome(store);
      const archive = path.join(home, 'real.dump');
      const args = ['dump', '--database=graph.db', `--to=${archive}`];
      expect((await runAdmin(version, { home, args })).code).toBe(0);
      expect((await readFile(archive)).toString('hex', 0, 2)).toBe(writes === 'gzip' ? '1f8b' : '28b5');
      const target = await makeHome();
      await loadDatabase({ ...options(target), from: archive, force: false });
      await expectGraph(target);
    });

    it.each(reads)(
      `a real server loads what we have dumped with %s (${nativeZstd === undefined ? 'WebAssembly' : 'zstd of Node'})`,
      async (compression) => {
        const home = await makeHome(store);
        const archive = path.join(home, 'ours.dump');
        await dumpDatabase({ ...options(home), to: archive, compression });
        const target = await makeHome();
        const args = ['load', '--database=graph.db', `--from=${archive}`];
        expect(await runAdmin(version, { home: target, args })).toMatchObject({ code: 0 });
        await expectGraph(target);
      },
    );
  });
});
