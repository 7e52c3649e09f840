import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IdleVisitor } from '../src/log/v3/fields/transaction-visitor.ts';
import { LogReader } from '../src/log/v3/log-reader.ts';
import { LogWriter } from '../src/log/v3/log-writer.ts';
import { findRecoveryStart } from '../src/log/v3/recovery-start.ts';
import { type DecodedTransaction, decodeTransaction } from '../src/log/v3/transaction-codec.ts';
import { TransactionStream } from '../src/log/v3/transaction-stream.ts';
import { walkTransaction } from '../src/log/v3/transaction-walker.ts';

/*
 * Measures how fast a log is read. A log of 100,000 small transactions, copied from a real server, is scanned (boundaries and checks),
 * walked for replay (every image and dynamic record reported), scanned for recovery, and checked as a network stream. Prints CPU time,
 * which a busy machine hardly changes, and MB/s of CPU time.
 *
 *     npx tsx bench/log-walker.ts [transactions] [most bytes of one transaction]
 */
const count = Number(process.argv[2] ?? 100_000);
const maxBytes = Number(process.argv[3] ?? 600);
const sample = fileURLToPath(new URL('../test/corpus/txlogs/diverse-3.5.34-standard', import.meta.url));

class Toucher extends IdleVisitor {
  touched = 0;
  override node(id: number): void {
    this.touched += id;
  }
  override property(id: number): void {
    this.touched += id;
  }
  override dynamic(_owner: string, id: number): void {
    this.touched += id;
  }
}

function loadTransactions(): DecodedTransaction[] {
  using reader = new LogReader(sample);
  const found: DecodedTransaction[] = [];
  for (const item of reader) {
    if (item.kind !== 'transaction' || item.end - item.start > maxBytes) continue;
    const decoded = decodeTransaction(item.buffer, item.start, item.end);
    if (decoded.commands.some((command) => command.kind === 'node' || command.kind === 'property')) found.push(decoded);
  }
  return found;
}

function writeLog(directory: string): number {
  const transactions = loadTransactions();
  const writer = LogWriter.create(directory, 0, 1);
  for (let i = 0; i < count; i++) {
    const { start, commands, commit } = transactions[i % transactions.length]!;
    writer.appendTransaction({ start, commands, commit: { ...commit, transactionId: i + 2 } });
  }
  writer.close();
  return writer.position.offset;
}

function measure(name: string, bytes: number, run: () => number): void {
  const results: number[] = [];
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage();
    const seen = run();
    if (seen !== count) throw new Error(`${name}: ${seen} transactions instead of ${count}`);
    const { user, system } = process.cpuUsage(before);
    results.push((user + system) / 1000);
  }
  const best = Math.min(...results);
  console.log(
    `${name.padEnd(16)} ${best.toFixed(0).padStart(6)} ms   ${(bytes / 1000 / best).toFixed(0).padStart(5)} MB/s`,
  );
}

function scan(directory: string): number {
  using reader = new LogReader(directory);
  let seen = 0;
  while (reader.next() !== undefined) seen++;
  return seen;
}

function walk(directory: string): number {
  using reader = new LogReader(directory);
  const visitor = new Toucher();
  let seen = 0;
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (item.kind !== 'transaction') continue;
    walkTransaction(item.buffer, item.start, item.end, visitor);
    seen++;
  }
  return seen;
}

function stream(directory: string): number {
  using reader = new LogReader(directory);
  const checked = new TransactionStream({ firstTransaction: 2 });
  for (const item of reader) if (item.kind === 'transaction') checked.feed(item.bytes);
  return checked.end().count;
}

const directory = mkdtempSync(join(tmpdir(), 'graphkeep-bench-'));
try {
  const bytes = writeLog(directory);
  console.log(`log of ${(bytes / 1e6).toFixed(1)} MB, ${count} transactions`);
  measure('scan', bytes, () => scan(directory));
  measure('scan and walk', bytes, () => walk(directory));
  measure('recovery start', bytes, () => findRecoveryStart(directory).transactions);
  measure('scan and stream', bytes, () => stream(directory));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
