import { setImmediate } from 'node:timers/promises';
import { GraphkeepError } from '../../../src/base/errors.ts';
import type {
  OpenedFile,
  ServedCopy,
  ServedDatabase,
  ServedFile,
  ServedPlace,
  ServedTransactions,
} from '../../../src/serve/database/served-database.ts';
import type { StoreId } from '../../../src/store/files/store-id.ts';

const STORE_ID: StoreId = {
  creationTime: 1_540_000_000_000,
  randomId: 77n,
  storeVersion: 0x00_39_2e_41_2e_30_76_06n,
  upgradeTime: 1_540_000_000_000,
  upgradeTransactionId: 1,
};

/** A database of imaginary files of any size, to test how a listener treats its clients. */
export class PatternDatabase implements ServedDatabase, ServedPlace {
  readonly storeId = STORE_ID;
  readonly description = 'a pattern';
  readonly lastTransaction = 5;
  files: ServedFile[] = [{ name: 'neostore', alignment: 9, sizeBytes: 8192 }];
  /** Copies that currently keep check points from running. */
  holding = 0;
  /** Copies and streams not closed yet. */
  open = 0;
  /** Awaited before a copy is opened: the check point. */
  checkPoint: (signal: AbortSignal) => Promise<void> = async () => {};
  /** Called before each piece of a file. */
  beforePiece: (file: ServedFile, at: number) => void = () => {};
  private waiters: (() => void)[] = [];

  /** Resolves when nothing of this database is in use any more. */
  async unused(): Promise<void> {
    while (this.open > 0 || this.holding > 0) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  async current(): Promise<ServedDatabase> {
    return this;
  }

  async openFullCopy(signal: AbortSignal): Promise<ServedCopy> {
    await this.checkPoint(signal);
    this.holding++;
    this.open++;
    let isHolding = true;
    let isOpen = true;
    const release = () => {
      if (isHolding) this.holding--;
      isHolding = false;
      this.wake();
    };
    return {
      lastTransaction: this.lastTransaction,
      files: this.files,
      holdsCheckPoints: true,
      get isStill() {
        return isHolding;
      },
      letFilesMove: release,
      readFile: (file) => this.readFile(file),
      openTransactions: async () => {
        release();
        return this.transactions();
      },
      close: () => {
        release();
        if (isOpen) this.open--;
        isOpen = false;
        this.wake();
      },
    };
  }

  async openTransactions(): Promise<ServedTransactions> {
    return this.transactions();
  }

  hasReached(transaction: number): boolean {
    return transaction <= this.lastTransaction;
  }

  async openFile(name: string): Promise<OpenedFile> {
    const file = this.files.find((candidate) => candidate.name === name);
    if (file === undefined) throw new GraphkeepError('serve.no-file', 'no such file', { observed: name });
    this.open++;
    let isOpen = true;
    const close = () => {
      if (isOpen) this.open--;
      isOpen = false;
      this.wake();
    };
    return { ...file, read: () => this.readFile(file), holdsCheckPoints: false, close };
  }

  private async *readFile(file: ServedFile): AsyncGenerator<Uint8Array, void> {
    const buffer = Buffer.alloc(256 * 1024, 'pattern');
    for (let at = 0; at < file.sizeBytes; at += buffer.length) {
      this.beforePiece(file, at);
      await setImmediate();
      yield buffer.subarray(0, Math.min(buffer.length, file.sizeBytes - at));
    }
  }

  private transactions(): ServedTransactions {
    this.open++;
    let isOpen = true;
    const close = () => {
      if (isOpen) this.open--;
      isOpen = false;
      this.wake();
    };
    const none = async function* () {};
    return { close, each: none, [Symbol.asyncIterator]: none };
  }

  private wake(): void {
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}
