import { cpSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { logFileName } from '../../../src/log/log-files.ts';
import { LogReader } from '../../../src/log/v3/log-reader.ts';
import { findRecoveryStart } from '../../../src/log/v3/recovery-start.ts';
import { recoverDatabase } from '../../../src/restore/database-recovery.ts';
import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import { findContentDifferences, type GraphContent } from '../history/model-graph.ts';
import { readHistory, type ServedHistory } from '../history/served-history.ts';
import { findStoreProblems } from '../stores/sound-store.ts';
import { readContent } from '../stores/stored-content.ts';
import { expectSame } from './expect-same.ts';
import { FileTree } from './file-tree.ts';

const text = (value: string): PropertyValue => ({ type: 'string', value });
const long = (value: number): PropertyValue => ({ type: 'long', value: BigInt(value) });

/** One moment of the database: its closed store and its content. */
export interface GraphMoment {
  /** Of a closed store. */
  folder: string;
  content: GraphContent;
  history: ServedHistory;
  lastTransaction: number;
}

/**
 * A small database with all kinds of files: labels, indexes, a constraint, relationships, long texts. It exists at two moments, with
 * transactions in between that change, remove and add.
 */
export class RecordedGraph {
  readonly old: GraphMoment;
  readonly new: GraphMoment;
  private readonly scratch: string;
  /** What was already inspected, by its bytes: most disks of a campaign hold the same. */
  private readonly known = new Map<string, GraphMoment>();

  private constructor(scratch: string, moments: [GraphMoment, GraphMoment]) {
    this.scratch = scratch;
    [this.old, this.new] = moments;
  }

  static async make(scratch: string): Promise<RecordedGraph> {
    const directory = join(scratch, 'database', 'graph.db');
    await live(directory, async (db) => {
      await db.createIndex('Person', ['name']);
      await db.createUniquenessConstraint('Person', 'number');
      for (let i = 0; i < 8; i++) await addPerson(db, i);
    });
    const old = keepMoment(directory, join(scratch, 'old'));
    await live(directory, async (db) => {
      for (let i = 8; i < 12; i++) await addPerson(db, i);
      await db.transact((tx) => {
        const [first, second] = [...db.nodes()];
        for (const { id } of db.relationshipsOf(first!.id)) tx.deleteRelationship(id);
        tx.deleteNode(first!.id);
        tx.setNodeProperty(second!.id, 'name', text('another name'));
        tx.removeLabel([...db.nodes()].at(-1)!.id, 'Person');
      });
      await db.transact((tx) => tx.createNode(['Town'], { name: text('a new label') }));
    });
    return new RecordedGraph(scratch, [old, keepMoment(directory, join(scratch, 'new'))]);
  }

  /** The files are as at the first moment; the log has the transactions up to the second one. */
  get growing(): ServedHistory {
    return { ...this.new.history, folder: this.old.folder, checkPoint: this.old.lastTransaction };
  }

  /** The store of a killed server: the files of the first moment, and all transactions in a log without a last check point. */
  writeKilled(directory: string): void {
    cpSync(this.old.folder, directory, { recursive: true });
    const reader = new LogReader(this.new.folder);
    for (const item of reader) {
      if (item.kind !== 'transaction' || item.transactionId < this.new.lastTransaction) continue;
      const log = logFileName(item.version);
      cpSync(join(this.new.folder, log), join(directory, log));
      truncateSync(join(directory, log), item.endOffset);
    }
    reader.close();
  }

  /** Requires a sound store, closed cleanly, with the content of this moment. */
  async expectComplete(directory: string, moment: GraphMoment, place: string): Promise<void> {
    const digest = FileTree.read(directory).digest();
    if (this.known.get(digest) === moment) return;
    expectSame(place, findContentDifferences(moment.content, readContent(directory)), []);
    const problems = findStoreProblems(directory, { idsMayBeLost: true }).catch((error) => [String(error)]);
    expectSame(place, await problems, []);
    this.known.set(digest, moment);
  }

  /** The moment that a store shows once a server has opened it: a copy is recovered to find out. */
  async recoverCopy(directory: string, place: string): Promise<GraphMoment> {
    const copy = join(this.scratch, 'copy');
    const digest = FileTree.read(directory).digest();
    const known = this.known.get(digest);
    if (known !== undefined) return known;
    rmSync(copy, { recursive: true, force: true });
    cpSync(directory, copy, { recursive: true, filter: (path) => !/\.graphkeep-/.test(path) });
    if (findRecoveryStart(copy).needed) {
      const { signal } = new AbortController();
      await recoverDatabase({ directory: copy, logDirectory: copy, budgetBytes: 1 << 24, signal });
    }
    const content = readContent(copy);
    const found = [this.old, this.new].find((moment) => findContentDifferences(moment.content, content).length === 0);
    if (found === undefined) throw new Error(`${place}: neither the old nor the new graph`);
    await this.expectComplete(copy, found, place);
    this.known.set(digest, found);
    return found;
  }
}

async function live(directory: string, work: (db: EmbeddedDatabase) => Promise<void>): Promise<void> {
  const db = await EmbeddedDatabase.open(directory, { creationTimeMs: 1_540_000_000_000, randomId: 42n });
  try {
    await work(db);
  } finally {
    await db.close();
  }
}

async function addPerson(db: EmbeddedDatabase, number: number): Promise<void> {
  await db.transact((tx) => {
    const [before] = db.findNodes('Person', 'number', long(number - 1));
    const name = text(`person ${number} `.repeat(1 + 20 * (number % 3)));
    const node = tx.createNode(['Person', ...(number % 2 ? ['Odd'] : [])], { number: long(number), name });
    if (before !== undefined) tx.createRelationship(before.id, 'KNOWS', node, { since: long(number) });
  });
}

function keepMoment(directory: string, folder: string): GraphMoment {
  cpSync(directory, folder, { recursive: true });
  const history = readHistory(folder);
  return { folder, content: readContent(folder), history, lastTransaction: history.checkPoint };
}
