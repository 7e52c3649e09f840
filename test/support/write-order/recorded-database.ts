import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import type { EmbeddedOptions } from '../../../src/embedded/embedded-options.ts';
import type { GraphNode } from '../../../src/embedded/graph/graph.ts';
import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import { findStoreProblems } from '../stores/sound-store.ts';
import { expectSame } from './expect-same.ts';
import type { FileRecorder } from './file-recorder.ts';
import { FileTree } from './file-tree.ts';
import type { RecordedCommand } from './recorded-commands.ts';

const long = (value: number): PropertyValue => ({ type: 'long', value: BigInt(value) });

const options: EmbeddedOptions = {
  creationTimeMs: 1_540_000_000_000,
  randomId: 42n,
  // A new log file every few transactions; old ones are removed at each check point.
  rotationBytes: 1500,
  retention: { keep: 'files', count: 2 },
};

/** An acknowledgement: after this many operations, this many transactions were acknowledged. */
interface Acknowledgement {
  operations: number;
  transactions: number;
}

/**
 * The life of an embedded database as commands whose operations are recorded. After a power failure every acknowledged transaction must be
 * there, none partly, and the database must continue.
 */
export async function recordDatabases(scratch: string, recorder: FileRecorder): Promise<RecordedCommand[]> {
  const graphs = await listGraphs(join(scratch, 'reference', 'db'));
  const first = join(scratch, 'first', 'db');
  await live(first, [{ from: 0, to: 6 }]);
  const written = FileTree.read(first);
  const lives = { scratch, recorder, graphs };
  return [
    recordLife(lives, {
      name: 'embedded-new',
      title: 'an embedded database is made, written and closed',
      prepare: (root) => mkdirSync(root),
      from: 0,
      run: (directory, onAcknowledged) => live(directory, [{ from: 0, to: 5 }], onAcknowledged),
    }),
    recordLife(lives, {
      name: 'embedded',
      title: 'an embedded database is opened, written with check points and new log files, and closed',
      prepare: (root) => written.layOut(join(root, 'db')),
      from: 6,
      run: (directory, onAcknowledged) =>
        live(
          directory,
          [
            { from: 6, to: 13 },
            { from: 13, to: 17 },
            { from: 17, to: GRAPHS },
          ],
          onAcknowledged,
        ),
    }),
  ];
}

const GRAPHS = 24;

/** Transaction `number` on top of whatever the earlier ones have made. */
function write(db: EmbeddedDatabase, number: number) {
  return db.transact((tx) => {
    const nodes = [...db.nodes()].sort((a, b) => stepOf(a) - stepOf(b));
    const last = nodes.at(-1);
    const node = tx.createNode(['Step', ...(number % 2 ? ['Odd'] : [])], {
      step: long(number),
      text: { type: 'string', value: `step ${number} `.repeat(1 + 15 * (number % 3)) },
    });
    if (last !== undefined) tx.createRelationship(last.id, 'NEXT', node, { step: long(number) });
    if (number % 4 !== 3) return;
    const [oldest] = nodes;
    for (const { id } of db.relationshipsOf(oldest!.id)) tx.deleteRelationship(id);
    tx.deleteNode(oldest!.id);
    tx.setNodeProperty(last!.id, 'step', long(-number));
    tx.removeLabel(last!.id, 'Odd');
  });
}

/** Writes each batch of transactions, the later half of it concurrently, with a check point after it. */
async function live(
  directory: string,
  stretches: readonly { from: number; to: number }[],
  onAcknowledged: (transactions: number) => void = () => {},
): Promise<void> {
  await withDatabase(directory, async (db) => {
    if (stretches[0]!.from === 0) await db.createIndex('Step', ['step']);
    for (const { from, to } of stretches) {
      const middle = Math.floor((from + to) / 2);
      for (let number = from; number < middle; number++) {
        await write(db, number);
        onAcknowledged(number + 1);
      }
      const together = Array.from({ length: to - middle }, (_, i) => middle + i);
      await Promise.all(together.map((number) => write(db, number).then(() => onAcknowledged(number + 1))));
      await db.checkPoint();
    }
  });
}

async function withDatabase<T>(directory: string, work: (db: EmbeddedDatabase) => Promise<T>): Promise<T> {
  const db = await EmbeddedDatabase.open(directory, options);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** The graph after no transaction, after one, and so on. */
async function listGraphs(directory: string): Promise<string[]> {
  return await withDatabase(directory, async (db) => {
    const graphs = [describeGraph(db)];
    for (let number = 0; number < GRAPHS + 1; number++) {
      await write(db, number);
      graphs.push(describeGraph(db));
    }
    return graphs;
  });
}

/** A transaction changes the sign, not the number. */
function stepOf({ properties }: GraphNode): number {
  return Math.abs(Number((properties.step as { value: bigint }).value));
}

/** Without ids: which ones are free depends on the earlier lives. */
function describeGraph(db: EmbeddedDatabase): string {
  const plain = (value: unknown) => JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}n` : one));
  const lines: string[] = [];
  const steps = new Map<number, number>();
  for (const node of db.nodes()) {
    steps.set(node.id, stepOf(node));
    lines.push(plain([node.labels.toSorted(), node.properties]));
  }
  for (const { start, end, type, properties } of db.relationships())
    lines.push(plain([steps.get(start), type, steps.get(end), properties]));
  return lines.sort().join('\n');
}

function recordLife(
  { scratch, recorder, graphs }: { scratch: string; recorder: FileRecorder; graphs: string[] },
  life: {
    name: string;
    title: string;
    prepare(root: string): void;
    /** Number of transactions before it. */
    from: number;
    run(directory: string, onAcknowledged: (transactions: number) => void): Promise<void>;
  },
): RecordedCommand {
  let acknowledgements: Acknowledgement[] = [];
  const copy = join(scratch, 'copy', 'db');

  async function expectAcknowledged(db: EmbeddedDatabase, moment: string, done: number): Promise<number> {
    const told = acknowledgements.filter(({ operations }) => operations <= done).map((one) => one.transactions);
    const found = graphs.indexOf(describeGraph(db));
    const least = Math.max(life.from, ...told);
    if (found < least) throw new Error(`${moment}: transaction ${least} was acknowledged, ${found} are there`);
    return found;
  }

  return {
    name: life.name,
    title: life.title,
    prepare: (root) => {
      rmSync(root, { recursive: true, force: true });
      life.prepare(root);
    },
    run: async (root) => {
      acknowledgements = [];
      await life.run(join(root, 'db'), (transactions) =>
        acknowledgements.push({ operations: recorder.operations, transactions }),
      );
    },
    expectIntact: async (root, moment, done) => {
      rmSync(copy, { recursive: true, force: true });
      mkdirSync(copy, { recursive: true });
      cpSync(root, join(scratch, 'copy'), { recursive: true });
      await withDatabase(copy, (db) => expectAcknowledged(db, moment, done));
      const problems = findStoreProblems(copy, { idsMayBeLost: true }).catch((error) => [String(error)]);
      expectSame(moment, await problems, []);
      return true;
    },
    expectNextRun: async (root, moment, done) => {
      const directory = join(root, 'db');
      await withDatabase(directory, async (db) => {
        const found = await expectAcknowledged(db, moment, done);
        await write(db, found);
        expectSame(moment, graphs.indexOf(describeGraph(db)), found + 1);
      });
      const known = /^neostore|^schema$|^store_lock$/;
      const others = readdirSync(directory).filter((name) => !known.test(name));
      expectSame(moment, others, []);
    },
  };
}
