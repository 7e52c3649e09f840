import { StoreReader } from '../../../src/store/graph/store-reader.ts';
import { TokenNames } from '../../../src/store/graph/tokens.ts';
import type { KeyedValue } from '../../../src/store/values/property-chain.ts';
import type { PropertyValue } from '../../../src/store/values/property-value.ts';

/*
 * A ledger whose whole graph follows from one counter per writer. Transaction number `n` of writer `w` moves an amount between two
 * accounts, both determined by `w` and `n`; sets the counter of the writer to `n`; adds transfer `n` and removes transfer `n - WINDOW`; and
 * does the same with a long text in every fifth transaction. So a lost, doubled or partial transaction is visible.
 */

export const ACCOUNTS = 16;
export const OPENING_BALANCE = 1_000_000;
const WINDOW = 12;
const NOTE_EVERY = 5;
const NOTES_KEPT = 3;

export const ledgerNames = {
  account: 'Account',
  writer: 'Writer',
  note: 'Note',
  transfer: 'TRANSFER',
  number: 'number',
  balance: 'balance',
  amount: 'amount',
  writtenBy: 'writer',
  text: 'text',
} as const;

export interface LedgerEntry {
  /** Numbers of accounts. */
  from: number;
  to: number;
  amount: number;
  /** Text of the note that this transaction adds. */
  note: string | undefined;
  /** Numbers of the entries whose transfer and note this one removes. */
  oldTransfer: number | undefined;
  oldNote: number | undefined;
}

/** What transaction `number` (from 1) of a writer does. */
export function ledgerEntry(writer: number, number: number): LedgerEntry {
  const hash = mix(writer * 0x9e3779b1 + number);
  const from = hash % ACCOUNTS;
  const hasNote = number % NOTE_EVERY === 0;
  const oldNote = number - NOTE_EVERY * NOTES_KEPT;
  return {
    from,
    to: (from + 1 + ((hash >>> 8) % (ACCOUNTS - 1))) % ACCOUNTS,
    amount: 1 + ((hash >>> 16) % 100),
    note: hasNote ? noteText(writer, number, hash) : undefined,
    oldTransfer: number > WINDOW ? number - WINDOW : undefined,
    oldNote: hasNote && oldNote > 0 ? oldNote : undefined,
  };
}

/** Sometimes too long for a property record, sometimes for one record of the string store. */
function noteText(writer: number, number: number, hash: number): string {
  return `note ${number} of writer ${writer}, `.repeat(1 + (hash % 12));
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A ledger as lines, in the same order for the same graph. */
export type LedgerLines = string[];

/** The graph after `counters[w]` transactions of each writer `w`. */
export function expectedLedger(counters: readonly number[]): LedgerLines {
  const balances = Array.from({ length: ACCOUNTS }, () => OPENING_BALANCE);
  const lines: LedgerLines = [];
  counters.forEach((counter, writer) => {
    lines.push(writerLine(writer, counter));
    for (let number = 1; number <= counter; number++) {
      const { from, to, amount, note } = ledgerEntry(writer, number);
      balances[from]! -= amount;
      balances[to]! += amount;
      if (number > counter - WINDOW) lines.push(transferLine(writer, number, from, to, amount));
      if (note !== undefined && number > lastNote(counter) - NOTE_EVERY * NOTES_KEPT) {
        lines.push(noteLine(writer, number, note));
      }
    }
  });
  lines.push(...balances.map((balance, account) => accountLine(account, balance)));
  return lines.sort();
}

function lastNote(counter: number): number {
  return counter - (counter % NOTE_EVERY);
}

const accountLine = (number: number, balance: number) => `account ${number}: ${balance}`;
const writerLine = (writer: number, counter: number) => `writer ${writer}: ${counter}`;
const transferLine = (writer: number, number: number, from: number, to: number, amount: number) =>
  `transfer ${number} of writer ${writer}: ${amount} from ${from} to ${to}`;
const noteLine = (writer: number, number: number, text: string) => `text ${number} of writer ${writer}: ${text}`;

interface NamedNode {
  id: number;
  labels: readonly string[];
  properties: Readonly<Record<string, PropertyValue>>;
}

interface NamedRelationship {
  type: string;
  start: number;
  end: number;
  properties: Readonly<Record<string, PropertyValue>>;
}

/** The lines of a graph; anything that does not belong in a ledger is a line too. */
export function describeLedger(nodes: Iterable<NamedNode>, relationships: Iterable<NamedRelationship>): LedgerLines {
  const accounts = new Map<number, number>();
  const lines: LedgerLines = [];
  const { number, balance, amount, writtenBy, text } = ledgerNames;
  for (const { id, labels, properties } of nodes) {
    const value = (key: string) => readNumber(properties[key]);
    const shape = `${labels.join()} ${Object.keys(properties).sort().join()}`;
    if (shape === 'Account balance,number') {
      accounts.set(id, value(number));
      lines.push(accountLine(value(number), value(balance)));
    } else if (shape === 'Writer number,writer') lines.push(writerLine(value(writtenBy), value(number)));
    else if (shape === 'Note number,text,writer') {
      lines.push(noteLine(value(writtenBy), value(number), readText(properties[text])));
    } else lines.push(`unknown node ${id}: ${shape}`);
  }
  for (const { type, start, end, properties } of relationships) {
    const value = (key: string) => readNumber(properties[key]);
    const [from, to] = [accounts.get(start) ?? Number.NaN, accounts.get(end) ?? Number.NaN];
    const line = transferLine(value(writtenBy), value(number), from, to, value(amount));
    lines.push(type === ledgerNames.transfer ? line : `unknown relationship of type ${type}`);
  }
  return lines.sort();
}

function readNumber(value: PropertyValue | undefined): number {
  return value?.type === 'long' ? Number(value.value) : Number.NaN;
}

function readText(value: PropertyValue | undefined): string {
  return value?.type === 'string' ? value.value : `not a text: ${value?.type}`;
}

/** The ledger in the files of a closed store, and the counters of its writers. */
export function readLedger(directory: string): { lines: LedgerLines; counters: number[]; lastTransaction: number } {
  const reader = new StoreReader(directory);
  try {
    const labels = new TokenNames(reader.tokens('label'));
    const types = new TokenNames(reader.tokens('relationshipType'));
    const keys = new TokenNames(reader.tokens('propertyKey'));
    const named = (properties: readonly KeyedValue[]) =>
      Object.fromEntries(properties.map(({ key, value }) => [keys.name(key) ?? `#${key}`, value]));
    const nodes = [...reader.nodes()].map((node) => ({
      ...node,
      labels: node.labels.map((id) => labels.name(id) ?? `#${id}`),
      properties: named(node.properties),
    }));
    const relationships = [...reader.relationships()].map((relationship) => ({
      ...relationship,
      type: types.name(relationship.type) ?? `#${relationship.type}`,
      properties: named(relationship.properties),
    }));
    const lines = describeLedger(nodes, relationships);
    return { lines, counters: readCounters(lines), lastTransaction: reader.metadata.lastTransactionId };
  } finally {
    reader.close();
  }
}

/** The counters that the lines of a ledger name, by writer. */
export function readCounters(lines: LedgerLines): number[] {
  const counters: number[] = [];
  for (const line of lines) {
    const [, writer, counter] = /^writer (\d+): (\d+)$/.exec(line) ?? [];
    if (writer !== undefined) counters[Number(writer)] = Number(counter);
  }
  return counters;
}
