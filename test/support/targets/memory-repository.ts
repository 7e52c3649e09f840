import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type {
  BackupTarget,
  ContinuedBackup,
  FullBackup,
  KnownTransaction,
  ReceivedTransactions,
  TransactionLog,
} from '../../../src/backup/target/backup-target.ts';
import { type ErrorPlace, GraphkeepError } from '../../../src/base/errors.ts';
import { beginningOf } from '../../../src/log/v3/log-header.ts';
import { LogWriter } from '../../../src/log/v3/log-writer.ts';
import type { StreamedTransaction } from '../../../src/log/v3/transaction-stream.ts';
import { recoverStore } from '../../../src/replay/recovery.ts';
import type { FileReceiver, StoreFileStream } from '../../../src/source/backup-source.ts';
import {
  decodeMetadata,
  type NeostoreMetadata,
  patchMetadataIn,
  storeIdOf,
} from '../../../src/store/files/neostore-metadata.ts';
import { formatByVersion } from '../../../src/store/files/store-format.ts';

/** A sink stops accepting when this many bytes wait to be stored. */
const MOST_WAITING_BYTES = 4096;

interface KeptTransaction extends KnownTransaction {
  bytes: Buffer;
}

/** Store files as they came, and every transaction after their check point. */
interface Base {
  files: Map<string, Buffer>;
  metadata: NeostoreMetadata;
  transactions: KeptTransaction[];
}

/**
 * A repository in memory, like the planned one: it holds only what was received, in pieces that are stored one by one, without any
 * directory. Replay happens at restore. It shows that a backup needs no more of a target than the interface says.
 */
export class MemoryRepository {
  /** The newest one is last. */
  readonly bases: Base[] = [];
  isLocked = false;

  openTarget(): MemoryTarget {
    if (this.isLocked) throw new GraphkeepError('directory.in-use', 'another backup is running on this target');
    this.isLocked = true;
    return new MemoryTarget(this);
  }

  /** Makes a store of a base, as of its last transaction. */
  async restore(folder: string, base: number, scratch: string): Promise<void> {
    const { files, metadata, transactions } = this.bases[base]!;
    for (const [name, bytes] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    }
    const before = (transactions[0]?.id ?? metadata.lastTransactionId + 1) - 1;
    const writer = LogWriter.create(folder, metadata.logVersion, before);
    for (const { id, bytes } of transactions) writer.appendRaw(bytes, id);
    await writer.force();
    writer.close();
    const start = beginningOf(metadata.logVersion);
    patchMetadataIn(folder, {
      lastClosedLogVersion: start.version,
      lastClosedLogOffset: start.offset,
    });
    mkdirSync(scratch, { recursive: true });
    await recoverStore(folder, { start, storeIsExact: false, budgetBytes: 1 << 20, scratch });
  }

  /** Its whole content as one text. */
  fingerprint(): string {
    const hash = createHash('sha256');
    for (const { files, transactions } of this.bases) {
      hash.update(`base of ${files.size} files, ${transactions.length} transactions`);
      for (const [name, bytes] of files) hash.update(name).update(bytes);
      for (const { bytes } of transactions) hash.update(bytes);
    }
    return hash.digest('hex');
  }
}

class MemoryTarget implements BackupTarget {
  readonly location = 'memory:';
  private readonly repository: MemoryRepository;
  private isClosed = false;

  constructor(repository: MemoryRepository) {
    this.repository = repository;
  }

  async holdsBackup(): Promise<boolean> {
    return this.repository.bases.length > 0;
  }

  async beginFullBackup(from: ErrorPlace): Promise<FullBackup> {
    return new MemoryFullBackup(this.repository.bases, from);
  }

  async continueBackup(): Promise<ContinuedBackup> {
    return new MemorySegment(this.repository.bases.at(-1)!);
  }

  async close(): Promise<void> {
    if (!this.isClosed) this.repository.isLocked = false;
    this.isClosed = true;
  }
}

class MemoryFullBackup implements FullBackup {
  readonly log = new SegmentLog();
  private readonly bases: Base[];
  private readonly from: ErrorPlace;
  private readonly files = new Map<string, Buffer[]>();
  private finished: Base | undefined;

  constructor(bases: Base[], from: ErrorPlace) {
    this.bases = bases;
    this.from = from;
  }

  async openFile({ name }: StoreFileStream): Promise<FileReceiver> {
    if (this.files.has(name)) throw new GraphkeepError('file.io', `there is a file ${name} already`);
    const parts: Buffer[] = [];
    this.files.set(name, parts);
    return {
      bytes: async (chunk) => {
        await new Promise(setImmediate);
        parts.push(Buffer.from(chunk));
      },
      restart: async () => void parts.splice(0),
      end: () => {},
      discard: async () => void this.files.delete(name),
    };
  }

  readLastTransaction(): number {
    return this.readMetadata().lastTransactionId;
  }

  async requireSupported(): Promise<void> {
    formatByVersion(this.readMetadata().storeVersion);
  }

  async finish({ last }: ReceivedTransactions): Promise<number> {
    const files = new Map([...this.files].map(([name, parts]) => [name, Buffer.concat(parts)]));
    this.finished = { files, metadata: this.readMetadata(), transactions: this.log.take() };
    return last ?? this.readLastTransaction();
  }

  async publish(): Promise<string | undefined> {
    const older = this.bases.length - 1;
    this.bases.push(this.finished!);
    return older < 0 ? undefined : `${older}`;
  }

  async abandon(): Promise<void> {
    this.finished = undefined;
  }

  private readMetadata(): NeostoreMetadata {
    const parts = this.files.get('neostore');
    if (parts === undefined)
      throw new GraphkeepError('peer.protocol', 'the copy holds no neostore', { place: this.from });
    return decodeMetadata(Buffer.concat(parts));
  }
}

class MemorySegment implements ContinuedBackup {
  private readonly base: Base;
  private log = new SegmentLog();

  constructor(base: Base) {
    this.base = base;
  }

  get storeId() {
    return storeIdOf(this.base.metadata);
  }

  get last(): KnownTransaction {
    const { metadata, transactions } = this.base;
    const { lastTransactionId: id, lastTransactionChecksum: checksum } = metadata;
    const last = transactions.at(-1);
    return last === undefined ? { id, checksum } : { id: last.id, checksum: last.checksum };
  }

  async beginLog(): Promise<TransactionLog> {
    this.log = new SegmentLog();
    return this.log;
  }

  async append(): Promise<void> {
    this.base.transactions.push(...this.log.take());
  }

  async leave(): Promise<void> {}

  async abandon(): Promise<void> {
    this.log = new SegmentLog();
  }
}

/** Stores transactions one by one; holds the source up while too many bytes wait. */
class SegmentLog implements TransactionLog {
  private readonly transactions: KeptTransaction[] = [];
  private parts: Buffer[] = [];
  private waitingBytes = 0;
  private isDraining = false;

  takeBytes(bytes: Buffer): void {
    if (this.isDraining) throw new Error('transactions come while the log is drained');
    this.parts.push(Buffer.from(bytes));
    this.waitingBytes += bytes.length;
  }

  takeTransaction({ transactionId: id, checksum }: StreamedTransaction): void {
    this.transactions.push({ id, checksum, bytes: Buffer.concat(this.parts) });
    this.parts = [];
  }

  drain(): Promise<void> | undefined {
    if (this.waitingBytes < MOST_WAITING_BYTES) return undefined;
    this.isDraining = true;
    return new Promise(setImmediate).then(() => {
      this.waitingBytes = 0;
      this.isDraining = false;
    });
  }

  /** Everything is there, and no partial transaction. */
  take(): KeptTransaction[] {
    if (this.parts.length > 0) throw new Error('half a transaction is kept');
    return this.transactions.splice(0);
  }
}
