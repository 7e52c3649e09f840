import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { doubleOfBits, floatOfBits } from '../../src/base/floating-bits.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import type { EmbeddedEvent, EmbeddedOptions } from '../../src/embedded/embedded-options.ts';
import type { PropertyValue } from '../../src/store/values/property-value.ts';
import {
  findContentDifferences,
  type GraphContent,
  GraphLedger,
  type ModelGraph,
} from '../support/history/model-graph.ts';
import { EmbeddedLoad, loadSchema } from '../support/live/embedded-load.ts';
import { liveContent } from '../support/live/live-content.ts';
import { nextSeed } from '../support/random/seed.ts';
import {
  checkConsistency,
  copyStore,
  describeInterop,
  exportGraph,
  findDifferences,
  type Graph,
  makeScratch,
  modelExport,
  RandomLoad,
  type RunningServer,
  startServer,
  withoutTokens,
} from './harness/index.ts';

const VERSION = '3.5.34';
/** Rotates and makes check points many times in a test. */
const OPTIONS: EmbeddedOptions = {
  rotationBytes: 1024 * 1024,
  checkPointTransactions: 2000,
  retention: { keep: 'files', count: 4 },
};

const SCHEMA: Pick<Graph, 'indexes' | 'constraints'> = {
  indexes: [
    'INDEX ON :Person(uid) ONLINE node_unique_property',
    'INDEX ON :Thing(first, second) ONLINE node_label_property',
    'INDEX ON :Thing(mixed) ONLINE node_label_property',
    'INDEX ON :Thing(name) ONLINE node_label_property',
  ],
  constraints: ['CONSTRAINT ON ( person:Person ) ASSERT person.uid IS UNIQUE'],
};

const storeIn = (home: string) => path.join(home, 'data/databases/graph.db');

/** A server on the very directory that the embedded database wrote. It ends with its test. */
async function start(home: string): Promise<RunningServer> {
  rmSync(path.join(home, 'logs'), { recursive: true, force: true }); // Output of an earlier one.
  const server = await startServer({ version: VERSION, home });
  onTestFinished(() => server.kill());
  return server;
}

/** Every index must be one that we can write. */
async function open(directory: string): Promise<EmbeddedDatabase> {
  const onEvent = (event: EmbeddedEvent) => {
    if (event.kind === 'index-left-to-server' || event.kind === 'failed') console.log(event);
  };
  const database = await EmbeddedDatabase.open(directory, { ...OPTIONS, onEvent });
  onTestFinished(() => database.close());
  return database;
}

async function expectConsistent(directory: string): Promise<void> {
  const checked = await checkConsistency(VERSION, directory, ['--check-index-structure=true']);
  expect(checked.report).toBe('');
  expect(checked.consistent).toBe(true);
}

async function expectServes(server: RunningServer, content: GraphContent): Promise<void> {
  expect(findDifferences(modelExport(content, SCHEMA), withoutTokens(await exportGraph(server)))).toEqual([]);
}

/** What the server reports must equal the content of the database. */
function expectHolds(database: EmbeddedDatabase, told: Graph, schema = SCHEMA): void {
  expect(findDifferences(withoutTokens(told), modelExport(liveContent(database), schema))).toEqual([]);
}

/** The server must accept the indexes as they are, and find through each of them what the model says. */
async function expectIndexesUsed(server: RunningServer, graph: ModelGraph, recovered = false): Promise<void> {
  const log = (await server.debugLog()).split('\n').filter((line) => /POPULATING|[Rr]ebuil/.test(line));
  expect(log.filter((line) => !(recovered && line.includes('id generator')))).toEqual([]);
  const things = [...graph.nodes.values()].filter(({ labels }) => labels.includes('Thing'));
  const isNumber = (value: PropertyValue | undefined, number: number) =>
    (value?.type === 'long' && value.value === BigInt(number)) ||
    (value?.type === 'int' && value.value === number) ||
    (value?.type === 'byte' && value.value === number) ||
    (value?.type === 'short' && value.value === number) ||
    (value?.type === 'double' && doubleOfBits(value.bits) === number) ||
    (value?.type === 'float' && floatOfBits(value.bits) === number);
  let found = 0;
  for (const key of ['name', 'mixed']) {
    for (let number = 1; number <= 20; number++) {
      const { rows } = await server.cypher(
        `MATCH (n:Thing) USING INDEX n:Thing(${key}) WHERE n.${key} = $number RETURN id(n)`,
        { number },
      );
      const expected = things.filter(({ properties }) => isNumber(properties[key], number)).map(({ id }) => id);
      expect(
        rows.map(([id]) => id as number).sort((a, b) => a - b),
        `${key} ${number}`,
      ).toEqual(expected.sort((a, b) => a - b));
      found += rows.length;
    }
  }
  expect(found).toBeGreaterThan(10);
  const parameter = (value: PropertyValue | undefined) =>
    value?.type === 'string' || value?.type === 'long' ? value.value : undefined;
  const pairs = things.flatMap(({ id, properties }) => {
    const [first, second] = [parameter(properties.first), parameter(properties.second)];
    return first === undefined || second === undefined ? [] : [{ id, first, second }];
  });
  expect(pairs.length).toBeGreaterThan(0);
  for (const { id, ...values } of pairs) {
    const { rows } = await server.cypher(
      'MATCH (n:Thing) USING INDEX n:Thing(first, second) WHERE n.first = $first AND n.second = $second RETURN id(n)',
      values,
    );
    expect(rows.flat(), `node ${id}`).toContain(id);
  }
  await expect(server.cypher('MATCH (n:Person) WITH n LIMIT 1 CREATE (:Person {uid: n.uid})')).rejects.toThrow(
    /already exists/,
  );
}

describeInterop('a store of the embedded database', () => {
  it('a store of the embedded database is opened by a real server, which continues with it, and opened again, each after a stop and after a kill of the other', async () => {
    const seed = nextSeed();
    const home = makeScratch('embedded');
    const directory = storeIn(home);

    // Ten thousand transactions: half of the indexes exist from the start, the others are created over existing nodes.
    const first = await open(directory);
    const [name, mixed, both] = loadSchema.indexes;
    await first.createIndex(name.label, name.keys);
    await first.createUniquenessConstraint(loadSchema.unique.label, loadSchema.unique.key);
    const load = new EmbeddedLoad(first, { seed });
    await load.run(5000);
    await first.createIndex(mixed.label, mixed.keys);
    await first.createIndex(both.label, both.keys);
    await load.run(5000);
    const written = load.ledger.graphAt();
    expect(findContentDifferences(written.content(), liveContent(first))).toEqual([]);
    await first.close();
    await expectConsistent(directory);

    const taker = await start(home);
    await expectServes(taker, written.content());
    await expectIndexesUsed(taker, written);
    await new RandomLoad(taker, { seed, schema: false }).run(200);
    const left = await exportGraph(taker);
    await taker.stop();

    // After a clean stop.
    const second = await open(directory);
    expectHolds(second, left);
    expect(second.graphProperties()).toEqual(written.graphProperties);
    const ledger = GraphLedger.of(liveContent(second), second.lastTransaction);
    await new EmbeddedLoad(second, { seed: seed + 1, ledger }).run(1000);
    await second.close();
    await expectConsistent(directory);

    const victim = await start(home);
    await expectServes(victim, ledger.graphAt().content());
    const background = new RandomLoad(victim, { seed: seed + 2, schema: false });
    await background.start();
    await new RandomLoad(victim, { seed: seed + 3, schema: false }).run(150);
    await victim.kill();
    await background.stop();

    // After a kill: our recovery and that of the server give the same graph.
    const otherHome = makeScratch('embedded');
    const other = storeIn(otherHome);
    await copyStore(directory, other);
    const recoverer = await start(home);
    const recovered = await exportGraph(recoverer);
    await recoverer.stop();
    const third = await open(other);
    expectHolds(third, recovered);
    const rest = GraphLedger.of(liveContent(third), third.lastTransaction);
    await new EmbeddedLoad(third, { seed: seed + 4, ledger: rest }).run(1000);

    // The other way round: the files as our kill would leave them, with transactions that only the log has.
    const lastHome = makeScratch('embedded');
    await copyStore(other, storeIn(lastHome));
    await third.close();
    await expectConsistent(other);
    const last = await start(lastHome);
    expect(await last.debugLog()).toMatch(/Recovery required from position/);
    await expectServes(last, rest.graphAt().content());
    await expectIndexesUsed(last, rest.graphAt(), true);
    await last.stop();
    await expectConsistent(storeIn(lastHome));
  });

  it('a store of the embedded database may have been created by a real server', async () => {
    const seed = nextSeed();
    const home = makeScratch('embedded');
    const server = await start(home);
    await new RandomLoad(server, { seed, fulltext: false }).run(400);
    const created = await exportGraph(server);
    await server.stop();

    const directory = server.storeDirectory;
    const database = await open(directory);
    expectHolds(database, created, created);
    const ledger = GraphLedger.of(liveContent(database), database.lastTransaction);
    const load = new EmbeddedLoad(database, { seed, ledger });
    await load.run(500);
    await database.createIndex('L0', ['name']);
    await load.run(500);
    await database.close();
    await expectConsistent(directory);

    const again = await start(home);
    const indexes = [...created.indexes, 'INDEX ON :L0(name) ONLINE node_label_property'];
    const expected = modelExport(ledger.graphAt().content(), { ...created, indexes });
    expect(findDifferences(expected, withoutTokens(await exportGraph(again)))).toEqual([]);
    expect(await again.debugLog()).not.toMatch(/[Rr]ebuil/);
    await again.stop();
    await expectConsistent(directory);
  });
});
