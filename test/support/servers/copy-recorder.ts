import type {
  CopyReceiver,
  FileReceiver,
  StoreFileStream,
  StoreIdReceiver,
  TransactionReceiver,
} from '../../../src/source/backup-source.ts';

interface RecordedFile {
  alignment: number;
  parts: Buffer[];
  state: 'open' | 'ended' | 'discarded';
}

/**
 * Keeps everything that a source hands on and checks that it keeps its promises: one call at a time per file, nothing twice, nothing behind
 * the end. With `slow`, every call takes a turn of the event loop, and memory is only looked at behind it.
 */
export class CopyRecorder implements CopyReceiver, TransactionReceiver, StoreIdReceiver {
  /** Names in the order of their end. */
  readonly ended: string[] = [];
  restarts = 0;
  transactionsAskedFrom: number | undefined;
  storeIds = 0;
  /** Set by the test when the source has settled. */
  isOver = false;
  mostOpen = 0;
  /** Asked with each piece: a promise to wait for, or a failure to throw. */
  onBytes: (name: string, size: number) => Promise<void> | undefined = () => undefined;
  private readonly files = new Map<string, RecordedFile>();
  private readonly transactionParts: Buffer[] = [];
  private isReceivingTransactions = false;
  private readonly slow: boolean;

  constructor(slow = false) {
    this.slow = slow;
  }

  get contents(): Record<string, Buffer> {
    const complete = [...this.files].filter(([, { state }]) => state !== 'discarded');
    if (complete.some(([, { state }]) => state === 'open')) throw new Error('a file has not ended');
    return Object.fromEntries(complete.map(([name, { parts }]) => [name, Buffer.concat(parts)]));
  }

  get transactions(): Buffer {
    return Buffer.concat(this.transactionParts);
  }

  get bytes(): number {
    const inFiles = [...this.files.values()].flatMap(({ parts }) => parts);
    return [...inFiles, ...this.transactionParts].reduce((sum, part) => sum + part.length, 0);
  }

  async openFile({ name, alignment }: StoreFileStream): Promise<FileReceiver> {
    this.check(!this.files.has(name) && alignment > 0, `file ${name} is opened`);
    const file: RecordedFile = { alignment, parts: [], state: 'open' };
    this.files.set(name, file);
    this.mostOpen = Math.max(this.mostOpen, [...this.files.values()].filter(({ state }) => state === 'open').length);
    let isBusy = false;
    const call = async (
      what: string,
      effect: () => void,
      states: RecordedFile['state'][] = ['open'],
    ): Promise<void> => {
      this.check(!isBusy && states.includes(file.state), `${what} of ${name}`);
      isBusy = true;
      if (this.slow) await new Promise(setImmediate);
      isBusy = false;
      effect();
    };
    return {
      bytes: (chunk) => {
        this.check(chunk.length > 0, `an empty piece of ${name}`);
        return call('a piece', () => file.parts.push(Buffer.from(chunk))).then(() => this.onBytes(name, chunk.length));
      },
      restart: () =>
        call('a new beginning', () => {
          this.restarts++;
          file.parts = [];
        }),
      end: () =>
        call('the end', () => {
          file.state = 'ended';
          this.ended.push(name);
        }),
      discard: () =>
        call('the discarding', () => {
          if (file.state === 'ended') this.ended.splice(this.ended.indexOf(name), 1);
          file.state = 'discarded';
          this.files.delete(name);
        }, ['open', 'ended']),
    };
  }

  transactionsFrom(first: number): void {
    this.transactionsAskedFrom = first;
  }

  storeId(): void {
    this.check(this.transactionParts.length === 0, 'the store id');
    this.storeIds++;
  }

  transactionBytes(chunk: Buffer): Promise<void> | undefined {
    this.check(chunk.length > 0 && !this.isReceivingTransactions, 'transactions');
    if (!this.slow) {
      this.transactionParts.push(Buffer.from(chunk));
      return this.onBytes('', chunk.length);
    }
    this.isReceivingTransactions = true;
    return new Promise((resolve) => setImmediate(resolve)).then(() => {
      this.isReceivingTransactions = false;
      this.transactionParts.push(Buffer.from(chunk));
      return this.onBytes('', chunk.length);
    });
  }

  private check(isRight: boolean, what: string): void {
    if (!isRight || this.isOver) throw new Error(`a promise to the receiver was broken: ${what}`);
  }
}
