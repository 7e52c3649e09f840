import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../../log/log-position.ts';
import type { LogWriter } from '../../log/v3/log-writer.ts';
import type { StoreKey } from '../../store/files/store-files.ts';
import type { TokenKind } from '../../store/records/token-record.ts';
import { LiveGraph } from '../graph/live-graph.ts';
import type { LiveRecords } from '../graph/live-records.ts';
import type { LiveTokens } from '../graph/live-tokens.ts';
import { NodeLookups } from '../graph/node-lookup.ts';
import { overlayNode, type PropertyChanges, type TransactionDraft } from '../graph/transaction-draft.ts';
import { type RecordResult, RecordTransaction } from '../records/record-transaction.ts';
import { checkConstraints, type NodeChange } from '../schema/constraints.ts';
import type { LiveSchema } from '../schema/live-schema.ts';
import { writeDraft } from './draft-records.ts';
import type { FreeIds } from './free-ids.ts';
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts';
import { RecentChanges } from './recent-changes.ts';
import { makeStartEntry } from './start-entries.ts';

export interface CommitterParts {
  records: LiveRecords;
  ids: FreeIds;
  tokens: LiveTokens;
  schema: LiveSchema;
  writer: LogWriter;
  /** The last transaction of the store. */
  lastTransaction: number;
}

export type CommitterEvents = Pick<GroupCommitOptions, 'rotationBytes' | 'beforeRotation' | 'afterRotation'> & {
  onDurable(transaction: number): void;
  onFailure(error: unknown): void;
};

/**
 * Commits transactions, each in one synchronous step on the state that the previous one left: check, change records, append to the log,
 * make visible. They become durable together, see {@link whenDurable}.
 */
export class Committer {
  readonly graph: LiveGraph;
  readonly ids: FreeIds;
  readonly schema: LiveSchema;
  readonly recent = new RecentChanges();
  readonly lookups: NodeLookups;
  private readonly records: LiveRecords;
  private readonly tokens: LiveTokens;
  private readonly log: GroupCommit;
  /** Ids that become free when their transaction is durable, oldest first. */
  private readonly freed: { transaction: number; ids: RecordResult['freed'] }[] = [];
  private last: number;
  private durable: number;
  private isClosed = false;

  constructor(parts: CommitterParts, events: CommitterEvents) {
    this.records = parts.records;
    this.ids = parts.ids;
    this.tokens = parts.tokens;
    this.schema = parts.schema;
    this.graph = new LiveGraph(parts.records, parts.tokens);
    this.last = parts.lastTransaction;
    this.durable = parts.lastTransaction;
    this.lookups = new NodeLookups(() => this.scanNodes());
    this.log = new GroupCommit(parts.writer, {
      ...events,
      onDurable: (transaction) => {
        this.becomeDurable(transaction);
        events.onDurable(transaction);
      },
    });
  }

  /** The last committed transaction; not necessarily durable. */
  get lastCommitted(): number {
    return this.last;
  }

  get lastDurable(): number {
    return this.durable;
  }

  /** The end of the log, including what is not durable yet. */
  get position(): LogPosition {
    return this.log.position;
  }

  /** Resolves when everything committed so far is durable. */
  async whenDurable(): Promise<void> {
    await this.log.force();
  }

  /** Appends a check point entry and makes it durable. */
  async writeCheckPoint(target: LogPosition): Promise<void> {
    this.log.appendCheckPoint(target);
    await this.log.force();
  }

  /** Refuses every commit from now on. */
  stop(): void {
    this.isClosed = true;
  }

  async close(): Promise<void> {
    this.stop();
    await this.log.close();
  }

  /**
   * Returns the id of the transaction, undefined if nothing changed. An error leaves everything unchanged, except that names may have got
   * ids.
   */
  commit(draft: TransactionDraft): number | undefined {
    if (this.isClosed) throw new GraphkeepError('embedded.closed', 'the database is closed');
    this.requireUnchanged(draft);
    const changes = this.nodeChanges(draft);
    const { graph, schema, tokens, lookups } = this;
    checkConstraints(draft, changes, { graph, schema, tokens, lookups });
    this.createTokens(draft);
    const id = this.write((records) => writeDraft(records, draft, this.graph, this.tokens), draft);
    this.releaseUnborn(draft);
    if (id === undefined) return undefined;
    this.noteChanges(draft, id);
    for (const { id: node, before, after } of changes) this.lookups.change(node, before, after);
    return id;
  }

  /** Commits what `fill` puts into a record transaction; for tokens and schema rules. */
  write(
    fill: (records: RecordTransaction, takeId: (key: StoreKey) => number) => void,
    start: { begin: number; timeStarted: number } = { begin: this.last, timeStarted: Date.now() },
  ): number | undefined {
    const taken: [StoreKey, number][] = [];
    const take = (key: StoreKey): number => {
      const id = this.ids.take(key);
      taken.push([key, id]);
      return id;
    };
    const records = new RecordTransaction(this.records, { take });
    let result: RecordResult;
    try {
      fill(records, take);
      result = records.finish();
    } catch (error) {
      for (const [key, id] of taken) this.ids.free(key, [id]);
      throw error;
    }
    if (result.commands.length === 0) {
      this.ids.freeAll(result.freed);
      return undefined;
    }
    const transactionId = this.last + 1;
    this.log.appendTransaction({
      start: makeStartEntry(start.timeStarted, start.begin),
      commands: result.commands,
      commit: { transactionId, timeCommitted: Date.now() },
    });
    this.last = transactionId;
    this.records.apply(transactionId, result);
    if (result.freed.size > 0) this.freed.push({ transaction: transactionId, ids: result.freed });
    return transactionId;
  }

  private becomeDurable(transaction: number): void {
    this.durable = Math.max(this.durable, transaction);
    let count = 0;
    while (count < this.freed.length && this.freed[count]!.transaction <= transaction) {
      this.ids.freeAll(this.freed[count]!.ids);
      count++;
    }
    this.freed.splice(0, count);
  }

  private requireUnchanged(draft: TransactionDraft): void {
    const { begin, seenNodes, seenRelationships, endNodes } = draft;
    for (const id of seenNodes) if (this.recent.isChanged('node', id, begin)) throw conflict(`node ${id}`);
    for (const id of endNodes) if (this.recent.isRemoved('node', id, begin)) throw conflict(`node ${id}`);
    for (const id of seenRelationships) {
      if (this.recent.isChanged('relationship', id, begin)) throw conflict(`relationship ${id}`);
    }
    if (draft.graph.size > 0 && this.recent.isChanged('graph', 0, begin)) throw conflict('the graph properties');
  }

  /** What the transaction does to nodes, if anyone needs to know. */
  private nodeChanges(draft: TransactionDraft): NodeChange[] {
    if (this.lookups.isEmpty && this.schema.isEmpty) return [];
    return [...draft.nodes.values()].map((node) => {
      const before = node.isNew ? undefined : this.graph.node(node.id);
      return { id: node.id, before, after: overlayNode(before, node) };
    });
  }

  /** Gives names their ids in separate transactions, as on a server. */
  private createTokens(draft: TransactionDraft): void {
    for (const node of draft.nodes.values()) {
      if (node.isDeleted) continue;
      for (const [label, isWanted] of node.labels) if (isWanted) this.tokenId('label', label);
      this.createKeys(node.properties);
    }
    for (const relationship of draft.relationships.values()) {
      if (relationship.isDeleted) continue;
      if (relationship.created !== undefined) this.tokenId('relationshipType', relationship.created.type);
      this.createKeys(relationship.properties);
    }
    this.createKeys(draft.graph);
  }

  private createKeys(properties: PropertyChanges): void {
    for (const [key, value] of properties) if (value !== undefined) this.tokenId('propertyKey', key);
  }

  /** The id of a name; a new one is committed at once. */
  tokenId(kind: TokenKind, name: string): number {
    const known = this.tokens.id(kind, name);
    if (known !== undefined) return known;
    let id = -1;
    this.write((records, takeId) => {
      id = takeId(kind);
      records.createToken(kind, id, name);
    });
    this.tokens.add(kind, id, name);
    return id;
  }

  private noteChanges(draft: TransactionDraft, transaction: number): void {
    for (const { id, isNew, isDeleted } of draft.nodes.values()) {
      if (!(isNew && isDeleted)) this.recent.note('node', id, transaction, isDeleted);
    }
    for (const { id, created, isDeleted } of draft.relationships.values()) {
      if (!(created !== undefined && isDeleted)) this.recent.note('relationship', id, transaction, isDeleted);
    }
    if (draft.graph.size > 0) this.recent.note('graph', 0, transaction, false);
    this.recent.prune(transaction);
  }

  /** Releases the ids of what the same transaction created and deleted. */
  private releaseUnborn(draft: TransactionDraft): void {
    for (const { id, isNew, isDeleted } of draft.nodes.values()) if (isNew && isDeleted) this.ids.free('node', [id]);
    for (const { id, created, isDeleted } of draft.relationships.values()) {
      if (created !== undefined && isDeleted) this.ids.free('relationship', [id]);
    }
  }

  private *scanNodes(): Generator<[number, NonNullable<ReturnType<LiveGraph['node']>>]> {
    for (const node of this.graph.nodes()) yield [node.id, node];
  }
}

function conflict(what: string): GraphkeepError {
  return new GraphkeepError('embedded.conflict', `another transaction has changed ${what}`);
}
