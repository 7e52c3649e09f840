import { randomFillSync } from 'node:crypto';
import { GraphkeepError } from '../base/errors.ts';
import type { StartEntry } from '../log/entries/start-entry.ts';
import type { LogPosition } from '../log/log-position.ts';
import type { LogWriter } from '../log/log-writer.ts';
import type { TokenKind } from '../log/transaction-visitor.ts';
import type { KeyedValue } from '../store/property-chain.ts';
import type { StoreKey } from '../store/store-files.ts';
import { checkConstraints, type NodeChange } from './constraints.ts';
import type { FreeIds } from './free-ids.ts';
import { GroupCommit, type GroupCommitOptions } from './group-commit.ts';
import { LiveGraph } from './live-graph.ts';
import type { LiveRecords } from './live-records.ts';
import type { LiveSchema } from './live-schema.ts';
import type { LiveTokens } from './live-tokens.ts';
import { NodeLookups } from './node-lookup.ts';
import { RecentChanges } from './recent-changes.ts';
import { type RecordResult, RecordTransaction } from './records/record-transaction.ts';
import type { Owner } from './records/record-view.ts';
import { type NodeDraft, overlayNode, type PropertyChanges, type TransactionDraft } from './transaction-draft.ts';

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

/** Start entries of a standalone server carry so many random bytes, and these two ids (transaction-logs spec 2). */
const HEADER_BYTES = 8;
const STANDALONE = -1;

/**
 * Commits transactions, each in one synchronous step against the state that the one before has left: check, change of records, log,
 * visible. Durable they become together, see {@link whenDurable}.
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
  /** Ids that come free when their transaction is durable, oldest first. */
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

  /** The last committed transaction; it need not be durable. */
  get lastCommitted(): number {
    return this.last;
  }

  get lastDurable(): number {
    return this.durable;
  }

  /** The end of the log, with what is not durable yet. */
  get position(): LogPosition {
    return this.log.position;
  }

  /** Resolves when everything that is committed now is durable. */
  async whenDurable(): Promise<void> {
    await this.log.force();
  }

  /** Appends the entry and makes it durable. */
  async writeCheckPoint(target: LogPosition): Promise<void> {
    this.log.appendCheckPoint(target);
    await this.log.force();
  }

  /** From now on every commit is refused. */
  stop(): void {
    this.isClosed = true;
  }

  async close(): Promise<void> {
    this.stop();
    await this.log.close();
  }

  /** Returns the id of the transaction, undefined if nothing changed. After an error nothing has changed, but names may have got ids. */
  commit(draft: TransactionDraft): number | undefined {
    if (this.isClosed) throw new GraphkeepError('embedded.closed', 'the database is closed');
    this.requireUnchanged(draft);
    const changes = this.nodeChanges(draft);
    checkConstraints(draft, changes, this.graph, this.schema, this.tokens, this.lookups);
    this.createTokens(draft);
    const id = this.write((records) => this.fill(records, draft), draft);
    this.releaseUnborn(draft);
    if (id === undefined) return undefined;
    this.noteChanges(draft, id);
    for (const { id: node, before, after } of changes) this.lookups.change(node, before, after);
    return id;
  }

  /** Commits what `fill` puts into a transaction of records: for tokens and schema rules. */
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
      start: startEntry(start.timeStarted, start.begin),
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

  /** What the transaction does to nodes, if anybody has to know. */
  private nodeChanges(draft: TransactionDraft): NodeChange[] {
    if (this.lookups.isEmpty && this.schema.isEmpty) return [];
    return [...draft.nodes.values()].map((node) => {
      const before = node.isNew ? undefined : this.graph.node(node.id);
      return { id: node.id, before, after: overlayNode(before, node) };
    });
  }

  /** Names get their ids in transactions of their own, as on a server. */
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

  /** Relationships come after the nodes they need, and go before those that need them gone. */
  private fill(records: RecordTransaction, draft: TransactionDraft): void {
    const nodes = [...draft.nodes.values()];
    const relationships = [...draft.relationships.values()];
    for (const node of nodes) {
      if (node.isNew && !node.isDeleted) records.createNode(node.id, this.labelIds(node), this.keyed(node.properties));
    }
    for (const { id, created, isDeleted } of relationships) {
      if (created === undefined && isDeleted) records.deleteRelationship(id);
    }
    for (const { id, created, isDeleted, properties } of relationships) {
      if (created === undefined || isDeleted) continue;
      this.requireEnds(draft, id, created);
      const type = this.tokenId('relationshipType', created.type);
      records.createRelationship(id, type, created.start, created.end, this.keyed(properties));
    }
    for (const node of nodes) {
      if (node.isNew || node.isDeleted) continue;
      if (node.labels.size > 0) records.setLabels(node.id, this.labelIds(node));
      this.setProperties(records, { kind: 'node', id: node.id }, node.properties);
    }
    for (const { id, created, isDeleted, properties } of relationships) {
      if (created === undefined && !isDeleted) this.setProperties(records, { kind: 'relationship', id }, properties);
    }
    this.setProperties(records, { kind: 'graph' }, draft.graph);
    for (const node of nodes) if (!node.isNew && node.isDeleted) records.deleteNode(node.id);
  }

  /** A node that was created and deleted again never comes to be, so it cannot hold on to a relationship. */
  private requireEnds(draft: TransactionDraft, id: number, { start, end }: { start: number; end: number }): void {
    for (const node of [start, end]) {
      const state = draft.nodes.get(node);
      if (state?.isDeleted !== true) continue;
      throw new GraphkeepError(
        'embedded.constraint',
        `node ${node} cannot be deleted: it still has relationships, ${id} is one`,
      );
    }
  }

  /** Ascending. */
  private labelIds(node: NodeDraft): number[] {
    const committed = node.isNew ? undefined : this.graph.node(node.id);
    const labels = overlayNode(committed, node)?.labels ?? [];
    return labels.map((label) => this.tokenId('label', label)).sort((a, b) => a - b);
  }

  private keyed(properties: PropertyChanges): KeyedValue[] {
    const values: KeyedValue[] = [];
    for (const [key, value] of properties) {
      if (value !== undefined) values.push({ key: this.tokenId('propertyKey', key), value });
    }
    return values;
  }

  private setProperties(records: RecordTransaction, owner: Owner, properties: PropertyChanges): void {
    for (const [name, value] of properties) {
      const key = this.tokens.id('propertyKey', name);
      if (key !== undefined) records.setProperty(owner, key, value);
    }
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

  /** Ids of what was created and deleted by the same transaction. */
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

const randomPool = Buffer.alloc(4096);
let randomUsed = randomPool.length;

function startEntry(timeStarted: number, latestCommittedWhenStarted: number): StartEntry {
  if (randomUsed + HEADER_BYTES > randomPool.length) {
    randomFillSync(randomPool);
    randomUsed = 0;
  }
  const header = Uint8Array.from(randomPool.subarray(randomUsed, randomUsed + HEADER_BYTES));
  randomUsed += HEADER_BYTES;
  return { masterId: STANDALONE, authorId: STANDALONE, timeStarted, latestCommittedWhenStarted, header };
}
