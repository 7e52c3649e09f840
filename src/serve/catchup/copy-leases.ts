import type { ServedCopy } from '../database/served-database.ts';
import { CopyLease, type LeaseOptions } from './copy-lease.ts';

/** Maximum number of vanished clients for which the log is kept: a hostile client could come and go without end. */
const MOST_ABANDONED = 16;

/** The leases of a listener: a client may request its files over any connection. */
export class CopyLeases {
  /** Called when no connection holds a lease any more. */
  onNoneHeld: () => void = () => {};
  private readonly held = new Set<CopyLease>();
  /** Oldest first. */
  private readonly abandoned = new Set<CopyLease>();

  /** True while any client is between PREPARE_STORE_COPY and its transactions. */
  get isAnyHeld(): boolean {
    return this.held.size > 0;
  }

  /** Takes ownership of the copy. It is abandoned when `signal` aborts. */
  open(copy: ServedCopy, signal: AbortSignal, options: Omit<LeaseOptions, 'onClosed'>): CopyLease {
    const abandon = () => this.abandon(lease);
    const lease = new CopyLease(copy, {
      ...options,
      onClosed: () => {
        signal.removeEventListener('abort', abandon);
        this.abandoned.delete(lease);
        this.drop(lease);
      },
    });
    this.held.add(lease);
    if (signal.aborted) abandon();
    else signal.addEventListener('abort', abandon, { once: true });
    return lease;
  }

  /** Notes a request for the files of this check point; returns a function to call when it has ended. */
  use(transaction: number): () => void {
    const used = [...this.held, ...this.abandoned].filter(({ copy }) => copy.lastTransaction === transaction);
    const ends = used.map((lease) => lease.use());
    return () => {
      for (const end of ends) end();
    };
  }

  closeAll(): void {
    for (const lease of [...this.held, ...this.abandoned]) lease.close();
  }

  private abandon(lease: CopyLease): void {
    this.abandoned.add(lease);
    lease.abandon();
    this.drop(lease);
    const [oldest] = this.abandoned;
    if (this.abandoned.size > MOST_ABANDONED) oldest?.close();
  }

  private drop(lease: CopyLease): void {
    if (this.held.delete(lease) && this.held.size === 0) this.onNoneHeld();
  }
}
