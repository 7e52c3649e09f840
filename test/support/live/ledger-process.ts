import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Dice } from '../../../src/base/dice.ts';
import { parseRetentionPolicy } from '../../../src/config/retention-policy.ts';
import { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import type { Transaction } from '../../../src/embedded/transaction.ts';
import { BackupListener } from '../../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../../src/serve/database/live-store.ts';
import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import {
  ACCOUNTS,
  describeLedger,
  expectedLedger,
  ledgerEntry,
  ledgerNames,
  OPENING_BALANCE,
  readCounters,
} from './counted-ledger.ts';

/*
 * Entry point of a child process that runs a live database with a backup listener and writes a ledger until SIGTERM or until it is killed:
 *
 *     node ledger-process.mjs '{"directory", "writers", "seed", "rotationBytes", "checkPointTransactions", "retention"}'
 *
 * SIGUSR2 makes the writers rest after their current transactions; the next one wakes them.
 *
 * Lines of stdout: `open <counters>` when the database is open, `listening <port>`, `ack <writer> <number>` after each transaction that was
 * acknowledged, `event <kind>`, `resting`, `closed <counters>`.
 */

interface Job {
  directory: string;
  writers: number;
  seed: number;
  rotationBytes: number;
  checkPointTransactions: number;
  retention: string;
  /** Longest pause of a writer after a transaction. */
  pauseMs: number;
}

const { account, writer: writerLabel, note, transfer, number, balance, amount, writtenBy, text } = ledgerNames;
const long = (value: number): PropertyValue => ({ type: 'long', value: BigInt(value) });

/** Synchronous: a written line is an acknowledged transaction, whenever the kill comes. */
function tell(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  if (writeSync(1, bytes) !== bytes.length) throw new Error('the pipe took a part of a line');
}

/** Where the writers wait while they are to rest. */
class Rest {
  private readonly writers: number;
  private resting = 0;
  private over: Promise<void> | undefined;
  private wake: () => void = () => {};

  constructor(writers: number) {
    this.writers = writers;
  }

  toggle(): void {
    if (this.over === undefined) {
      this.over = new Promise((resolve) => {
        this.wake = resolve;
      });
    } else this.end();
  }

  end(): void {
    this.over = undefined;
    this.wake();
  }

  async take(): Promise<void> {
    if (this.over === undefined) return;
    this.resting++;
    if (this.resting === this.writers) tell('resting');
    await this.over;
    this.resting--;
  }
}

class LedgerWriter {
  private readonly database: EmbeddedDatabase;
  private readonly writer: number;
  private readonly accounts: readonly number[];
  private readonly node: number;
  private readonly transfers = new Map<number, number>();
  private readonly notes = new Map<number, number>();
  private counter = 0;

  constructor(database: EmbeddedDatabase, writer: number) {
    this.database = database;
    this.writer = writer;
    const accounts: number[] = [];
    let own = -1;
    for (const { id, labels, properties } of database.nodes()) {
      const value = (key: string) => Number((properties[key] as { value: bigint } | undefined)?.value);
      if (labels.includes(account)) accounts[value(number)] = id;
      else if (value(writtenBy) !== writer) continue;
      else if (labels.includes(note)) this.notes.set(value(number), id);
      else {
        own = id;
        this.counter = value(number);
      }
    }
    for (const { id, properties } of database.relationships()) {
      const value = (key: string) => Number((properties[key] as { value: bigint }).value);
      if (value(writtenBy) === writer) this.transfers.set(value(number), id);
    }
    this.accounts = accounts;
    this.node = own;
  }

  async work(pauseMs: number, dice: Dice, rest: Rest, isOver: () => boolean): Promise<void> {
    for (;;) {
      await rest.take();
      if (isOver()) return;
      const next = this.counter + 1;
      await this.database.transact(async (transaction) => {
        this.write(transaction, next);
        // Sometimes other writers run in between.
        if (dice.chance(0.3)) await pause(0);
      });
      this.counter = next;
      this.forgetBefore(next);
      tell(`ack ${this.writer} ${next}`);
      await pause(dice.below(pauseMs + 1));
    }
  }

  private forgetBefore(next: number): void {
    const { oldTransfer, oldNote } = ledgerEntry(this.writer, next);
    if (oldTransfer !== undefined) this.transfers.delete(oldTransfer);
    if (oldNote !== undefined) this.notes.delete(oldNote);
  }

  private write(transaction: Transaction, next: number): void {
    const entry = ledgerEntry(this.writer, next);
    const [from, to] = [this.accounts[entry.from]!, this.accounts[entry.to]!];
    this.move(transaction, from, -entry.amount);
    this.move(transaction, to, entry.amount);
    transaction.setNodeProperty(this.node, number, long(next));
    const properties = { [writtenBy]: long(this.writer), [number]: long(next) };
    const added = transaction.createRelationship(from, transfer, to, { ...properties, [amount]: long(entry.amount) });
    this.transfers.set(next, added);
    if (entry.oldTransfer !== undefined) transaction.deleteRelationship(this.transfers.get(entry.oldTransfer)!);
    if (entry.note !== undefined) {
      this.notes.set(
        next,
        transaction.createNode([note], { ...properties, [text]: { type: 'string', value: entry.note } }),
      );
    }
    if (entry.oldNote !== undefined) transaction.deleteNode(this.notes.get(entry.oldNote)!);
  }

  private move(transaction: Transaction, node: number, by: number): void {
    const value = transaction.node(node)!.properties[balance] as { value: bigint };
    transaction.setNodeProperty(node, balance, long(Number(value.value) + by));
  }
}

/** Schema first, then everything in one transaction: a kill leaves a state that the next start completes. */
async function completeLedger(database: EmbeddedDatabase, writers: number): Promise<void> {
  const rules = database.schema();
  if (!rules.some((rule) => rule.kind === 'constraint')) await database.createUniquenessConstraint(account, number);
  if (!rules.some((rule) => rule.kind === 'index' && !rule.unique)) await database.createIndex(note, [text]);
  if (!database.nodes().next().done) return;
  await database.transact((transaction) => {
    for (let i = 0; i < ACCOUNTS; i++) {
      transaction.createNode([account], { [number]: long(i), [balance]: long(OPENING_BALANCE) });
    }
    for (let i = 0; i < writers; i++) {
      transaction.createNode([writerLabel], { [writtenBy]: long(i), [number]: long(0) });
    }
  });
}

/** The counters of a database whose graph matches them; ends the process otherwise. */
function requireLedger(database: EmbeddedDatabase): number[] {
  const lines = describeLedger(database.nodes(), database.relationships());
  const counters = readCounters(lines);
  const expected = expectedLedger(counters);
  const odd = [
    ...lines.filter((line) => !expected.includes(line)),
    ...expected.filter((line) => !lines.includes(line)),
  ];
  if (odd.length > 0) throw new Error(`the live ledger is not whole: ${odd.slice(0, 5).join('; ')}`);
  return counters;
}

async function main(): Promise<void> {
  const job: Job = JSON.parse(process.argv[2]!);
  let isOver = false;
  const rest = new Rest(job.writers);
  process.on('SIGTERM', () => {
    isOver = true;
    rest.end();
  });
  process.on('SIGUSR2', () => rest.toggle());
  const database = await EmbeddedDatabase.open(job.directory, {
    rotationBytes: job.rotationBytes,
    checkPointTransactions: job.checkPointTransactions,
    retention: parseRetentionPolicy(job.retention),
    randomId: 42n,
    onEvent: (event) => tell(`event ${event.kind}`),
  });
  await completeLedger(database, job.writers);
  tell(`open ${requireLedger(database).join(' ')}`);
  const listener = await BackupListener.start(serveEmbedded(database), {
    listen: { host: '127.0.0.1', port: 0 },
    limits: { stopGraceMs: 5000 },
  });
  tell(`listening ${listener.address.port}`);
  const dice = new Dice(job.seed);
  const writers = Array.from({ length: job.writers }, (_, i) => new LedgerWriter(database, i));
  await Promise.all(writers.map((one) => one.work(job.pauseMs, new Dice(dice.below(2 ** 31)), rest, () => isOver)));
  await listener.stop();
  const counters = requireLedger(database);
  await database.close();
  tell(`closed ${counters.join(' ')}`);
}

await main();
