import type { ErrorPlace } from '../../../base/errors.ts';
import type { StreamedTransaction } from '../../../log/v3/transaction-stream.ts';
import type { FileReceiver, StoreFileStream } from '../../../source/backup-source.ts';
import type { ContinuedBackup, FullBackup, ReceivedTransactions, TransactionLog } from '../backup-target.ts';
import { type Member, Members } from './members.ts';

/** One full backup that several targets receive. */
export class SharedFull implements FullBackup {
  readonly log: TransactionLog;
  private readonly members: Members<FullBackup>;

  private constructor(members: Members<FullBackup>) {
    this.members = members;
    this.log = new SharedLog(members, (member) => members.of(member).log);
  }

  static async begin(all: readonly Member[], from: ErrorPlace): Promise<SharedFull> {
    return new SharedFull(await Members.begin(all, ({ target }) => target.beginFullBackup(from)));
  }

  async openFile(file: StoreFileStream): Promise<FileReceiver> {
    const { members } = this;
    const receivers = await members.ask((member) => members.of(member).openFile(file));
    const of = (member: Member) => receivers.get(member)!;
    return {
      bytes: (chunk) => members.all((member) => of(member).bytes(chunk)),
      restart: async () => await members.all((member) => of(member).restart()),
      end: () => members.all((member) => of(member).end()),
      discard: async () => await members.all((member) => of(member).discard()),
    };
  }

  filesAnnounced(announced: { files: number; indexes: number }): void {
    this.members.now((member) => this.members.of(member).filesAnnounced?.(announced));
  }

  genericIndexes(minorVersion: number): void {
    this.members.now((member) => this.members.of(member).genericIndexes?.(minorVersion));
  }

  readLastTransaction(): number {
    return this.any().readLastTransaction();
  }

  async requireSupported(): Promise<void> {
    await this.any().requireSupported();
  }

  async finish(received: ReceivedTransactions, signal: AbortSignal): Promise<number> {
    const [last] = (await this.members.ask((member) => this.members.of(member).finish(received, signal))).values();
    return last!;
  }

  /** Each of them has its own previous backup, if any. */
  async publish(): Promise<string | undefined> {
    const replaced = await this.members.ask((member) => this.members.of(member).publish());
    return [...replaced.values()].find((place) => place !== undefined);
  }

  async abandon(): Promise<void> {
    await this.members.abandonAll();
  }

  /** All have received the same. */
  private any(): FullBackup {
    return this.members.of(this.members.active[0]!);
  }
}

/** The transactions of a shared backup. */
export class SharedLog implements TransactionLog {
  private readonly members: Members<FullBackup | ContinuedBackup>;
  private readonly of: (member: Member) => TransactionLog;

  constructor(members: Members<FullBackup | ContinuedBackup>, of: (member: Member) => TransactionLog) {
    this.members = members;
    this.of = of;
  }

  takeBytes(bytes: Buffer, streamOffset: number): void {
    this.members.now((member) => this.of(member).takeBytes(bytes, streamOffset));
  }

  takeTransaction(transaction: StreamedTransaction): void {
    this.members.now((member) => this.of(member).takeTransaction(transaction));
  }

  drain(): Promise<void> | undefined {
    return this.members.all((member) => this.of(member).drain());
  }
}
