import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../../base/file-errors.ts';

/** What is larger goes to a file. */
const MOST_MEMORY_BYTES = 16 * 1024 * 1024;

/**
 * The bytes of one transaction until its end is known. A small one stays in memory; a large one goes to a temporary file without a name,
 * which no kill leaves behind.
 */
export class TransactionSpool {
  private readonly mostMemoryBytes: number;
  private pieces: Buffer[] = [];
  private inMemory = 0;
  private descriptor: number | undefined;
  private inFile = 0;

  constructor(mostMemoryBytes = MOST_MEMORY_BYTES) {
    this.mostMemoryBytes = mostMemoryBytes;
  }

  get bytes(): number {
    return this.inFile + this.inMemory;
  }

  /** Copies the bytes. */
  add(bytes: Uint8Array): void {
    this.pieces.push(Buffer.from(bytes));
    this.inMemory += bytes.length;
    if (this.inMemory > this.mostMemoryBytes) this.moveToFile();
  }

  /** The bytes in order, in pieces that are valid until the next one. */
  *read(pieceBytes = 1024 * 1024): Generator<Buffer> {
    const shared = Buffer.alloc(Math.min(pieceBytes, this.inFile));
    for (let at = 0; at < this.inFile; ) {
      const length = Math.min(shared.length, this.inFile - at);
      const count = this.onFile(() => readSync(this.descriptor!, shared, 0, length, at));
      if (count === 0) throw new Error('the temporary file of a transaction is too short');
      yield shared.subarray(0, count);
      at += count;
    }
    yield* this.pieces;
  }

  clear(): void {
    this.pieces = [];
    this.inMemory = 0;
    this.inFile = 0;
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private moveToFile(): void {
    this.descriptor ??= this.onFile(openNameless);
    for (const piece of this.pieces.splice(0)) {
      for (let at = 0; at < piece.length; )
        at += this.onFile(() => writeSync(this.descriptor!, piece, at, piece.length - at, this.inFile + at));
      this.inFile += piece.length;
    }
    this.inMemory = 0;
  }

  private onFile<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fileError(error, 'keep a large transaction in a temporary file', tmpdir());
    }
  }
}

function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), 'graphkeep-'));
  try {
    return openSync(join(folder, 'transaction'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
