import { BASE_TRANSACTION } from '../../../log/v3/log-header.ts';
import { LogWriter } from '../../../log/v3/log-writer.ts';
import type { ReceivedTransactions, TransactionLog } from '../backup-target.ts';

/** Writes received transactions to a separate log file, which is durable and complete when {@link finish} has resolved. */
export class ReceivedLogFile implements TransactionLog {
  private readonly folder: string;
  private readonly version: () => number;
  private writer: LogWriter | undefined;

  /** `version` returns the version of the file; called when the first transaction arrives, or at the end. */
  constructor(folder: string, version: () => number) {
    this.folder = folder;
    this.version = version;
  }

  takeBytes(bytes: Buffer): void {
    this.open().appendRaw(bytes);
  }

  takeTransaction(): void {}

  /** Nothing to wait for: the writer has written, or copied, its input. */
  drain(): undefined {}

  /** `lastKnown` goes into the header of a log without transactions. */
  async finish({ first }: ReceivedTransactions, lastKnown: number): Promise<void> {
    const writer = this.open();
    writer.rewriteHeader(first === undefined ? lastKnown : first - 1);
    await writer.force();
    this.close();
  }

  /** Closes the file; after a failure what was written is worthless. May be called again. */
  close(): void {
    this.writer?.close();
    this.writer = undefined;
  }

  private open(): LogWriter {
    this.writer ??= LogWriter.create(this.folder, this.version(), BASE_TRANSACTION);
    return this.writer;
  }
}
