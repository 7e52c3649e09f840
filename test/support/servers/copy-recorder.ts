import { readFileSync } from 'node:fs';
import type {
  CopyReceiver,
  FileReceiver,
  StoreFileStream,
  StoreIdReceiver,
  TransactionReceiver,
} from '../../../src/source/backup-source.ts';
import type { StoreIdentity } from '../../../src/store/files/store-id.ts';

/** The calls that a source makes. */
export type ReceiverCall =
  | 'openFile'
  | 'bytes'
  | 'clone'
  | 'restart'
  | 'end'
  | 'discard'
  | 'storeId'
  | 'transactionBytes';

interface RecordedFile {
  alignment: number;
  empty: boolean;
  parts: Buffer[];
  state: 'open' | 'ended' | 'discarded';
}

/**
 * Records everything that a source delivers and checks its promises: one call at a time per file, nothing twice, nothing after the end.
 * With `slow`, every call takes a turn of the event loop, and memory is only looked at after it.
 */
export class CopyRecorder implements CopyReceiver, TransactionReceiver, StoreIdReceiver {
  /** Names in the order in which the files ended. */
  readonly ended: string[] = [];
  restarts = 0;
  transactionsAskedFrom: number | undefined;
  storeIds = 0;
  /** Set by the test when the source has settled. */
  isOver = false;
  mostOpen = 0;
  /** Number of calls so far. */
  calls = 0;
  /** Called at the start of each call; may return a promise to wait for, or throw. */
  onCall: (kind: ReceiverCall, what: string) => Promise<void> | void = () => undefined;
  /** Called with each piece; may return a promise to wait for, or throw. */
  onBytes: (name: string, size: number) => Promise<void> | undefined = () => undefined;
  /** Takes whole files from their paths. */
  takesClones = false;
  clones = 0;
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

  async openFile({ name, alignment, empty }: StoreFileStream): Promise<FileReceiver> {
    await this.note('openFile', name);
    this.check(!this.files.has(name) && alignment > 0, `file ${name} is opened`);
    this.check(isLocalName(name), `the name ${name}`);
    this.check(this.transactionParts.length === 0, `file ${name} after transactions`);
    const file: RecordedFile = { alignment, empty, parts: [], state: 'open' };
    this.files.set(name, file);
    this.mostOpen = Math.max(this.mostOpen, [...this.files.values()].filter(({ state }) => state === 'open').length);
    let isBusy = false;
    const call = async (
      kind: ReceiverCall,
      what: string,
      effect: () => void,
      states: RecordedFile['state'][] = ['open'],
    ): Promise<void> => {
      this.check(!isBusy && states.includes(file.state), `${what} of ${name}`);
      isBusy = true;
      await this.note(kind, name);
      if (this.slow) await new Promise(setImmediate);
      isBusy = false;
      effect();
    };
    const clone = async (path: string, mostBytes: number): Promise<number> => {
      this.check(mostBytes > 0 && file.parts.length === 0, `a clone of ${name}`);
      let size = 0;
      await call('clone', 'a clone', () => {
        file.parts = [readFileSync(path).subarray(0, mostBytes)];
        size = file.parts[0]!.length;
        this.clones++;
      });
      return size;
    };
    return {
      ...(this.takesClones ? { clone } : {}),
      bytes: (chunk) => {
        this.check(chunk.length > 0 && !file.empty, `an empty piece of ${name}`);
        return call('bytes', 'a piece', () => file.parts.push(Buffer.from(chunk))).then(() =>
          this.onBytes(name, chunk.length),
        );
      },
      restart: () =>
        call('restart', 'a new beginning', () => {
          this.restarts++;
          file.parts = [];
        }),
      end: () =>
        call('end', 'the end', () => {
          file.state = 'ended';
          this.ended.push(name);
        }),
      discard: () =>
        call(
          'discard',
          'the discarding',
          () => {
            if (file.state === 'ended') this.ended.splice(this.ended.indexOf(name), 1);
            file.state = 'discarded';
            this.files.delete(name);
          },
          ['open', 'ended'],
        ),
    };
  }

  transactionsFrom(first: number): void {
    this.transactionsAskedFrom = first;
  }

  storeId(_id: StoreIdentity): void {
    void this.note('storeId', '');
    this.check(this.transactionParts.length === 0 && this.storeIds === 0, 'the store id');
    this.storeIds++;
  }

  transactionBytes(chunk: Buffer): Promise<void> | undefined {
    this.check(chunk.length > 0 && !this.isReceivingTransactions, 'transactions');
    this.check(
      ![...this.files.values()].some(({ state }) => state === 'open'),
      'transactions before the end of a file',
    );
    const waiting = this.note('transactionBytes', '');
    if (!this.slow && waiting === undefined) {
      this.transactionParts.push(Buffer.from(chunk));
      return this.onBytes('', chunk.length);
    }
    this.isReceivingTransactions = true;
    return Promise.all([waiting, new Promise((resolve) => setImmediate(resolve))]).then(() => {
      this.isReceivingTransactions = false;
      this.transactionParts.push(Buffer.from(chunk));
      return this.onBytes('', chunk.length);
    });
  }

  private note(kind: ReceiverCall, what: string): Promise<void> | void {
    this.check(true, `${kind} of ${what}`);
    this.calls++;
    return this.onCall(kind, what);
  }

  private check(isRight: boolean, what: string): void {
    if (!isRight || this.isOver) throw new Error(`a promise to the receiver was broken: ${what}`);
  }
}

/** Relative, canonical, below the directory, and not one of the files that no source may deliver (spec common-protocol 9). */
function isLocalName(name: string): boolean {
  const parts = name.split('/');
  const isBelow = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\0]/.test(part));
  return isBelow && !/^(store_lock|debug\.log|metrics|\..*|.*\.id|neostore\.transaction\.db.*)$/i.test(parts[0]!);
}
