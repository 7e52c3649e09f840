import { setImmediate as turn } from 'node:timers/promises';
import { Dice } from '../base/dice.ts';
import { sleep } from '../base/timers.ts';
import type { EmbeddedDatabase } from '../embedded/embedded-database.ts';
import type { GraphNode, Properties } from '../embedded/graph/graph.ts';
import type { PropertyValue } from '../store/values/property-value.ts';
import type { RecordedHistory, RecordedTransaction } from './recorded-graph.ts';
import { makeSampleValue, sampleKeys } from './sample-values.ts';

const never = new AbortController().signal;

export const ACCOUNTS = 60;
export const OPENING_BALANCE = 1000;

/** Labels, types and keys of the graph. */
export const names = {
  account: 'Account',
  writer: 'Writer',
  sample: 'Sample',
  archived: 'Archived',
  transfer: 'TRANSFER',
  attached: 'HAS',
  number: 'number',
  balance: 'balance',
  transfers: 'transfers',
  writtenBy: 'writer',
} as const;

const long = (value: number): PropertyValue => ({ type: 'long', value: BigInt(value) });

/** An integer property of a node or relationship of the bank. */
export function numberOf({ properties }: Pick<GraphNode, 'properties'>, key: string): number {
  const value = properties[key];
  return value?.type === 'long' ? Number(value.value) : Number.NaN;
}

/**
 * A bank whose writers move money concurrently. Every transfer changes two accounts, counts itself in its writer's node and becomes a
 * relationship. So half a transaction would show in the sum of the balances or in the numbers of the transfers.
 */
export class Bank {
  readonly history: RecordedHistory;
  private readonly accounts: readonly number[];
  private readonly writers: readonly number[];
  private isOpen = true;

  private constructor(history: RecordedHistory, accounts: readonly number[], writers: readonly number[]) {
    this.history = history;
    this.accounts = accounts;
    this.writers = writers;
  }

  /** Creates the schema, the accounts and a node for each writer. */
  static async create(database: EmbeddedDatabase, history: RecordedHistory, writers: number): Promise<Bank> {
    await database.createUniquenessConstraint(names.account, names.number);
    await database.createIndex(names.sample, ['string']);
    const accounts = await history.transact((transaction) =>
      Array.from({ length: ACCOUNTS }, (_, i) =>
        transaction.createNode([names.account], { [names.number]: long(i), [names.balance]: long(OPENING_BALANCE) }),
      ),
    );
    const nodes = await history.transact((transaction) =>
      Array.from({ length: writers }, (_, i) =>
        transaction.createNode([names.writer], { [names.number]: long(i), [names.transfers]: long(0) }),
      ),
    );
    return new Bank(history, accounts, nodes);
  }

  /** Runs all writers until {@link close}, each in its own loop with this pause after each turn. */
  async work(seed: number, pauseMs: number): Promise<void> {
    await Promise.all(this.writers.map((node, i) => this.write(node, i, new Dice(seed + i), pauseMs)));
  }

  /** Each writer ends with its current transaction. */
  close(): void {
    this.isOpen = false;
  }

  private async write(node: number, writer: number, dice: Dice, pauseMs: number): Promise<void> {
    const samples: Sample[] = [];
    while (this.isOpen) {
      await this.history.transact(async (transaction) => {
        this.transfer(transaction, node, writer, dice);
        // Let other writers run in between, so that transactions overlap.
        await turn();
      });
      if (dice.chance(0.4)) await this.changeSamples(samples, dice);
      if (pauseMs > 0) await sleep(pauseMs, never);
    }
  }

  private transfer(transaction: RecordedTransaction, node: number, writer: number, dice: Dice): void {
    const from = dice.pick(this.accounts);
    const to = dice.pick(this.accounts.filter((account) => account !== from));
    const [source, target] = [transaction.node(from)!, transaction.node(to)!];
    const amount = Math.min(dice.between(1, 100), numberOf(source, names.balance));
    const count = numberOf(transaction.node(node)!, names.transfers) + 1;
    transaction.setNodeProperty(from, names.balance, long(numberOf(source, names.balance) - amount));
    transaction.setNodeProperty(to, names.balance, long(numberOf(target, names.balance) + amount));
    transaction.setNodeProperty(node, names.transfers, long(count));
    transaction.createRelationship(from, names.transfer, to, {
      [names.writtenBy]: long(writer),
      [names.number]: long(count),
      amount: long(amount),
      at: { type: 'localdatetime', epochSecond: BigInt(Math.floor(Date.now() / 1000)), nanoOfSecond: 0 },
    });
  }

  /** Creates, changes or deletes a node with values of many types, attached to an account. */
  private async changeSamples(samples: Sample[], dice: Dice): Promise<void> {
    const chosen = samples.length < 5 || dice.chance(0.5) ? undefined : dice.pick(samples);
    if (chosen === undefined) samples.push(await this.createSample(dice));
    else if (dice.chance(0.5)) {
      await this.history.transact((transaction) => changeSample(transaction, chosen.node, dice));
    } else {
      samples.splice(samples.indexOf(chosen), 1);
      await this.history.transact((transaction) => {
        transaction.deleteRelationship(chosen.relationship);
        transaction.deleteNode(chosen.node);
      });
    }
  }

  private async createSample(dice: Dice): Promise<Sample> {
    return await this.history.transact((transaction) => {
      const node = transaction.createNode([names.sample], makeProperties(dice, 0.3));
      const account = dice.pick(this.accounts);
      const relationship = transaction.createRelationship(account, names.attached, node, makeProperties(dice, 0.05));
      return { node, relationship };
    });
  }
}

/** A node with values of many types, and the relationship that attaches it. */
interface Sample {
  node: number;
  relationship: number;
}

function makeProperties(dice: Dice, probability: number): Properties {
  return Object.fromEntries(dice.some(sampleKeys, probability).map((key) => [key, makeSampleValue(key, dice)]));
}

function changeSample(transaction: RecordedTransaction, id: number, dice: Dice): void {
  const { labels, properties } = transaction.node(id)!;
  for (const key of dice.some(sampleKeys, 0.1)) {
    const isRemoval = properties[key] !== undefined && dice.chance(0.4);
    transaction.setNodeProperty(id, key, isRemoval ? undefined : makeSampleValue(key, dice));
  }
  if (labels.includes(names.archived)) transaction.removeLabel(id, names.archived);
  else transaction.addLabel(id, names.archived);
}
