import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { describeInterop, makeScratch } from './harness/index.ts';
import { installModern, ModernServer, selectRunnable } from './harness/modern/index.ts';

/*
 * Drills of databases of real servers, with real servers: what is sound is found sound, with all its nodes; a tree that does not hold
 * what it should is found by the checker of the server; and a database that the server does not open is told with the reason that it
 * gives.
 */

const PAGE = 8192;
const NODES = 120;

type Report = Record<string, unknown> & { exitCode: number };

/** C2 takes longer to make a short run fast than the run takes. */
const FAST = '-XX:TieredStopAtLevel=1 -Xshare:auto';

async function run(env: Record<string, string>, ...args: string[]): Promise<Report> {
  let output = '';
  const take = (text: string) => {
    output += text;
  };
  const { signal } = new AbortController();
  const context = { env, cwd: '/', stdout: take, stderr: take, signal, now: () => new Date() };
  const exitCode = await runGraphkeep([...args, '--json'], context);
  return { ...(JSON.parse(output.trimEnd().split('\n').at(-1)!) as object), exitCode };
}

/** Changes a character of a name in the leaves of the indexes: they stay well-formed, but their keys are out of order. */
function damageIndexes(database: string): void {
  const names = readdirSync(path.join(database, 'schema/index'), { recursive: true, encoding: 'utf8' });
  const trees = names.filter((name) => /^(range|native-btree)-1\.0\/\d+\/index-\d+$/.test(name));
  expect(trees.length).toBeGreaterThan(0);
  for (const tree of trees) {
    const file = path.join(database, 'schema/index', tree);
    const bytes = readFileSync(file);
    for (let end = 4 * PAGE; end <= bytes.length; end += PAGE) {
      const isUsed = bytes.subarray(end - 100, end).some((byte) => byte !== 0);
      if (isUsed) bytes[end - 3]! ^= 1;
    }
    writeFileSync(file, bytes);
  }
}

describeInterop('drills with modern servers', () => {
  it.each(campaign.few(selectRunnable(['4.4.48', '5.26.30', '2026.08.1']), 1))(
    'what %s has written is drilled with it, sound or not',
    async (version) => {
      const { directory, java } = await installModern(version);
      const env = { JAVA_HOME: path.dirname(path.dirname(java.java)), JAVA_TOOL_OPTIONS: FAST };
      const scratch = makeScratch('drills');
      const withServer = [`--server-home=${directory}`, `--scratch=${scratch}`];
      const homeNow = () =>
        readdirSync(directory)
          .filter((name) => !name.endsWith('.jsa'))
          .sort();
      const before = homeNow();
      const server = await ModernServer.start({ version });
      onTestFinished(() => server.kill());
      await server.cypher('CREATE INDEX names FOR (n:Thing) ON (n.name)');
      await server.cypher(
        `UNWIND range(1, ${NODES}) AS i CREATE (:Thing {name: 'name-' + (1000 + i)})-[:IS]->(:Other)`,
      );
      const make = async (name: string, ...more: string[]) => {
        const repo = `--repo=${path.join(makeScratch(name), 'repository')}`;
        expect(await run(env, 'repo', 'init', repo, '--no-encryption')).toMatchObject({ exitCode: 0 });
        return { repo, made: await run(env, 'backup', `--from=file:${server.home}`, repo, ...more) };
      };

      const { repo, made } = await make('sound', '--drill', ...withServer);
      const sound = { consistent: true, errors: 0, warnings: 0, server: { version, findings: [] } };
      const counted = { nodes: 2 * NODES, relationships: NODES };
      expect(made, JSON.stringify(made)).toMatchObject({ exitCode: 0, drill: { ...sound, ...counted } });
      // Both databases of the server.
      expect(made).toMatchObject({ others: [{ database: 'system', drill: sound }] });
      await server.stop();

      damageIndexes(server.databaseDirectory);
      const { repo: damaged } = await make('damaged', '--database=neo4j');
      const found = await run(env, 'drill', damaged, '--database=neo4j', ...withServer);
      expect(found, JSON.stringify(found)).toMatchObject({
        event: 'report',
        exitCode: 3,
        consistent: false,
        ...counted,
      });
      expect((found.server as { findings: unknown[] }).findings[0]).toMatchObject({ severity: 'error' });
      expect(await run(env, 'info', damaged)).toMatchObject({ databases: [{ drill: { result: 'inconsistent' } }] });
      expect(await run(env, 'info', repo)).toMatchObject({ databases: [{ drill: { result: 'sound' } }, {}] });

      writeFileSync(path.join(server.databaseDirectory, 'neostore.schemastore.db'), Buffer.alloc(PAGE, 0xff));
      const { repo: broken } = await make('broken', '--database=neo4j');
      const refused = await run(env, 'drill', broken, '--database=neo4j', ...withServer);
      expect(refused, JSON.stringify(refused)).toMatchObject({ code: 'server.refuses-database', exitCode: 3 });
      expect(refused.observed).toMatch(/\w/);
      console.log(`${version}: ${refused.observed}`);
      expect(readdirSync(scratch)).toEqual([]);
      // But for the classes that servers of tests share, nothing is new.
      expect(homeNow()).toEqual(before);
    },
    600_000,
  );
});
