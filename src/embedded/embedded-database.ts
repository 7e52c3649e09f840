import { join } from 'node:path';
import { makeDirectory, removeTree } from '../base/durable-files.ts';
import { GraphkeepError, hasCode } from '../base/errors.ts';
import type { LogPosition } from '../log/log-position.ts';
import { type DatabaseLock, lockDatabase } from '../store/files/database-lock.ts';
import { storeIdOf } from '../store/files/neostore-metadata.ts';
import { SCRATCH_FOLDER, storeFiles } from '../store/files/store-files.ts';
import type { StoreId } from '../store/files/store-id.ts';
import type { SchemaRule } from '../store/graph/schema-rule.ts';
import { StoreReader } from '../store/graph/store-reader.ts';
import type { PropertyValue } from '../store/values/property-value.ts';
import { CheckPointGate } from './check-point-gate.ts';
import { CheckPointTimer } from './check-point-timer.ts';
import { type CheckPoint, CheckPointWriter } from './check-point-writer.ts';
import { Committer } from './commits/committer.ts';
import { FreeIds } from './commits/free-ids.ts';
import { writeIdFiles } from './commits/id-files.ts';
import { type EmbeddedOptions, type EmbeddedSettings, withDefaults } from './embedded-options.ts';
import type { GraphNode, GraphRelationship, Properties } from './graph/graph.ts';
import { LiveRecords } from './graph/live-records.ts';
import { LiveTokens } from './graph/live-tokens.ts';
import { LiveSchema } from './schema/live-schema.ts';
import { commitConstraintDrop, commitIndex, commitIndexDrop, commitUniquenessConstraint } from './schema-changes.ts';
import { createStoreIfMissing } from './store-creation.ts';
import { nameLogVersion, type OpenedStore, openStore } from './store-opening.ts';
import { Transaction } from './transaction.ts';

export type { EmbeddedEvent, EmbeddedOptions } from './embedded-options.ts';
export type { GraphNode, GraphRelationship, Properties } from './graph/graph.ts';
export type { Transaction } from './transaction.ts';

/**
 * Result of {@link EmbeddedDatabase.holdCheckPoints}. Until `release` is called no check point is made, so the store files do not change.
 */
export interface CheckPointHold {
  /** The last transaction in the store files. */
  lastTransaction: number;
  /** Where the log continues after it. */
  position: LogPosition;
  release(): void;
}

/** This many conflicts in a row are no coincidence. */
const MOST_ATTEMPTS = 1000;

/**
 * A live graph database in the genuine format of Neo4j 3.4 and 3.5 (standard): transactions go to a real log, check points, rotation and
 * pruning work as on a server, and a server can open the directory after {@link close}.
 *
 * The state is the store files as of the last check point, the records changed since then in memory, and the log. A commit is one
 * synchronous step, and durable when its promise resolves; many commits share one flush. Memory: about 300 bytes per record changed since
 * the last check point, and 100 per node for each lookup of {@link findNodes} and each constraint.
 *
 *     const db = await EmbeddedDatabase.open(directory);
 *     await db.transact((tx) => tx.createNode(['Person'], { name: { type: 'string', value: 'Ada' } }));
 *     await db.close();
 */
export class EmbeddedDatabase {
  readonly directory: string;
  readonly storeId: StoreId;
  private readonly lock: DatabaseLock;
  private readonly settings: EmbeddedSettings;
  private readonly records: LiveRecords;
  private readonly committer: Committer;
  private readonly checkPoints: CheckPointWriter;
  private readonly gate: CheckPointGate<CheckPoint>;
  private readonly timer: CheckPointTimer;
  private failure: unknown;
  private closing: Promise<void> | undefined;

  private constructor(directory: string, lock: DatabaseLock, settings: EmbeddedSettings, opened: OpenedStore) {
    this.directory = directory;
    this.lock = lock;
    this.settings = settings;
    this.storeId = storeIdOf(opened.metadata);
    const { lastTransactionId: lastTransaction } = opened.metadata;
    this.records = new LiveRecords(directory);
    this.committer = this.makeCommitter(opened, lastTransaction);
    const last = { lastTransaction, position: opened.checkPoint };
    const { scratch, committer, records } = this;
    this.checkPoints = new CheckPointWriter({ directory, scratch, settings, committer, records }, last);
    this.checkPoints.noteLeftToServer(opened.report);
    this.gate = new CheckPointGate(() => this.makeCheckPoint(), settings.checkPointPatienceMs);
    this.timer = new CheckPointTimer(settings, lastTransaction, () => this.gate.request());
  }

  /**
   * Opens the database in `directory`; creates an empty one if the directory is empty or missing. Recovers a database that was not shut
   * down cleanly. Holds the same locks as a server until {@link close}; the one beside the directory covers all databases there.
   * @throws GraphkeepError `directory.in-use`, `embedded.not-empty`, `store.format`, `embedded.explicit-indexes`
   */
  static async open(directory: string, options: EmbeddedOptions = {}): Promise<EmbeddedDatabase> {
    const settings = withDefaults(options);
    await makeDirectory(directory);
    const lock = await lockDatabase(directory);
    try {
      await createStoreIfMissing(directory, settings);
      return await EmbeddedDatabase.openExisting(directory, lock, settings);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  private static async openExisting(
    directory: string,
    lock: DatabaseLock,
    settings: EmbeddedSettings,
  ): Promise<EmbeddedDatabase> {
    const scratch = join(directory, SCRATCH_FOLDER);
    await removeTree(scratch);
    await makeDirectory(scratch);
    let opened: OpenedStore | undefined;
    try {
      opened = await openStore(directory, scratch, settings);
      return new EmbeddedDatabase(directory, lock, settings, opened);
    } catch (error) {
      opened?.writer.close();
      await removeTree(scratch).catch(() => {});
      throw error;
    }
  }

  /** The last durable transaction. */
  get lastTransaction(): number {
    return this.committer.lastDurable;
  }

  begin(): Transaction {
    this.requireUsable();
    return new Transaction(this.committer);
  }

  /**
   * Runs `work` in a transaction and commits it. After a conflict, repeats all of it, so `work` must have no other effects. Without `await`
   * in `work` there are no conflicts.
   */
  async transact<T>(
    work: (tx: Transaction) => T | Promise<T>,
  ): Promise<{ value: T; transactionId: number | undefined }> {
    for (let attempt = 1; ; attempt++) {
      const tx = this.begin();
      try {
        const result = work(tx);
        const value = result instanceof Promise ? await result : result;
        this.requireUsable();
        const transactionId = tx.commitNow();
        if (transactionId !== undefined) await this.committer.whenDurable();
        return { value, transactionId };
      } catch (error) {
        tx.rollback();
        if (!hasCode(error, 'embedded.conflict') || attempt === MOST_ATTEMPTS) throw error;
      }
      await new Promise(setImmediate);
    }
  }

  /** The node as of the last commit, which need not be durable yet; the same holds for all reads. */
  node(id: number): GraphNode | undefined {
    this.requireOpen();
    return this.committer.graph.node(id);
  }

  relationship(id: number): GraphRelationship | undefined {
    this.requireOpen();
    return this.committer.graph.relationship(id);
  }

  /** All nodes by id, each in its state when the generator reaches it. For a consistent snapshot, iterate without `await`. */
  nodes(): Generator<GraphNode> {
    this.requireOpen();
    return this.committer.graph.nodes();
  }

  relationships(): Generator<GraphRelationship> {
    this.requireOpen();
    return this.committer.graph.relationships();
  }

  /** Each relationship of the node once, loops too. */
  relationshipsOf(node: number): GraphRelationship[] {
    this.requireOpen();
    return this.committer.graph.relationshipsOf(node);
  }

  graphProperties(): Properties {
    this.requireOpen();
    return this.committer.graph.graphProperties();
  }

  /**
   * The nodes with this label and property value, by id; numbers are compared by value. Works with or without an index: the first call for
   * a label and key reads all nodes and keeps the result in memory.
   */
  findNodes(label: string, key: string, value: PropertyValue): GraphNode[] {
    this.requireOpen();
    const lookup = this.committer.lookups.of(label, [key]);
    const text = lookup.textOf({ labels: [label], properties: { [key]: value } });
    if (text === undefined) return [];
    return [...lookup.find(text)].sort((a, b) => a - b).map((id) => this.committer.graph.node(id)!);
  }

  /** Creates an index. Resolves with the id of its rule once its files are complete; waits for check point holders. */
  async createIndex(label: string, keys: readonly string[]): Promise<number> {
    this.requireUsable();
    const id = commitIndex(this.committer, this.settings.indexProvider, label, keys);
    await this.checkPoint();
    return id;
  }

  /** Creates a uniqueness constraint with its index, as {@link createIndex}. Throws `embedded.constraint` if two nodes violate it. */
  async createUniquenessConstraint(label: string, key: string): Promise<number> {
    this.requireUsable();
    const id = commitUniquenessConstraint(this.committer, this.settings.indexProvider, label, key);
    await this.checkPoint();
    return id;
  }

  async dropIndex(id: number): Promise<void> {
    this.requireUsable();
    commitIndexDrop(this.committer, id);
    await this.committer.whenDurable();
  }

  /** Drops a constraint and the index it owns. */
  async dropConstraint(id: number): Promise<void> {
    this.requireUsable();
    commitConstraintDrop(this.committer, id);
    await this.committer.whenDurable();
  }

  schema(): SchemaRule[] {
    this.requireOpen();
    return structuredClone(this.committer.schema.all());
  }

  /** Brings the store files up to the current state; waits for check point holders. */
  async checkPoint(): Promise<void> {
    this.requireUsable();
    await this.gate.request();
  }

  /**
   * Runs a check point and prevents further ones until `release`, for readers of the store files. A second holder shares the first one's
   * check point, unless another one has waited longer than `checkPointPatienceMs`: then that runs first. Meanwhile commits go only to the
   * log.
   */
  async holdCheckPoints(signal?: AbortSignal): Promise<CheckPointHold> {
    this.requireUsable();
    const { value, release } = await this.gate.hold(signal);
    return { lastTransaction: value.lastTransaction, position: value.position, release };
  }

  /**
   * Keeps log files from this version on, whatever the retention policy, until the returned function is called. Files already pruned do not
   * come back.
   */
  keepLog(version: number): () => void {
    return this.checkPoints.keepLog(version);
  }

  /**
   * Refuses all new work, waits for check point holders, makes a check point, writes the id files and releases the locks. If `signal`
   * aborts (or after a failed write), closes without the check point: nothing durable is lost, and the next `open` recovers. May be called
   * more than once.
   */
  close(signal?: AbortSignal): Promise<void> {
    this.closing ??= this.end(signal);
    return this.closing;
  }

  private get scratch(): string {
    return join(this.directory, SCRATCH_FOLDER);
  }

  private makeCommitter(opened: OpenedStore, lastTransaction: number): Committer {
    const { records, directory, settings } = this;
    const ids = new FreeIds(records.format, (key, id) => records.read(key, id) !== undefined);
    for (const { key } of storeFiles) ids.restore(key, records.highestIdInFiles(key), opened.idFiles.get(key));
    const store = new StoreReader(directory);
    try {
      const tokens = new LiveTokens(store);
      const schema = new LiveSchema(store.schemaRules());
      const parts = { records, ids, tokens, schema, writer: opened.writer, lastTransaction };
      return new Committer(parts, {
        rotationBytes: settings.rotationBytes,
        beforeRotation: (version) => nameLogVersion(directory, version),
        afterRotation: (version) => settings.onEvent({ kind: 'rotated', version }),
        onDurable: (transaction) => this.timer.noteTransactions(transaction, records.changedBytes),
        onFailure: (error) => this.fail(error),
      });
    } finally {
      store.close();
    }
  }

  private async makeCheckPoint(): Promise<CheckPoint> {
    const made = await this.checkPoints.make();
    this.timer.noteCheckPoint(made.lastTransaction);
    return made;
  }

  private fail(error: unknown): void {
    this.failure = error;
    this.timer.stop();
    this.settings.onEvent({ kind: 'failed', error });
  }

  private async end(signal: AbortSignal | undefined): Promise<void> {
    this.timer.stop();
    this.committer.stop();
    try {
      if (this.failure === undefined) await this.shutDown(signal);
    } finally {
      await this.gate.stop(new GraphkeepError('embedded.closed', 'the database is closed'));
      await this.committer.close().catch(() => {});
      this.records.close();
      await removeTree(this.scratch).catch(() => {});
      await this.lock.release();
    }
  }

  private async shutDown(signal: AbortSignal | undefined): Promise<void> {
    await this.committer.whenDurable();
    try {
      await this.gate.whenIdle(signal);
    } catch (error) {
      if (hasCode(error, 'cancelled')) return;
      throw error;
    }
    await this.gate.request();
    await this.committer.whenDurable();
    await writeIdFiles(this.directory, this.scratch, this.committer.ids);
  }

  private requireOpen(): void {
    if (this.closing !== undefined) throw new GraphkeepError('embedded.closed', 'the database is closed');
  }

  private requireUsable(): void {
    this.requireOpen();
    if (this.failure === undefined) return;
    throw new GraphkeepError('embedded.failed', 'the database has failed and takes no changes', {
      place: { file: this.directory },
      cause: this.failure,
    });
  }
}
