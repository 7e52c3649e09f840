import type { EmbeddedSettings } from './embedded-options.ts';

const LONGEST_TICK_MS = 10_000;
const TICKS_PER_INTERVAL = 10;
/** A failed check point is retried after this time, not at every commit. */
const RETRY_MS = 10_000;

/** Decides when a check point is due: after a time or a number of transactions, or when the changed records need too much memory. */
export class CheckPointTimer {
  private readonly settings: EmbeddedSettings;
  private readonly request: () => Promise<unknown>;
  private readonly timer: NodeJS.Timeout;
  private lastCheckPoint: number;
  private lastTransaction: number;
  private changedBytes = 0;
  private madeAtMs = performance.now();
  private notBeforeMs = 0;
  private isRequested = false;

  /** `request` makes a check point and reports its failures itself. `lastTransaction` is that of the last check point. */
  constructor(settings: EmbeddedSettings, lastTransaction: number, request: () => Promise<unknown>) {
    this.settings = settings;
    this.request = request;
    this.lastCheckPoint = lastTransaction;
    this.lastTransaction = lastTransaction;
    const tickMs = Math.min(LONGEST_TICK_MS, Math.max(1, settings.checkPointIntervalMs / TICKS_PER_INTERVAL));
    this.timer = setInterval(() => this.look(), tickMs).unref();
  }

  /** Call after every group of transactions. */
  noteTransactions(lastTransaction: number, changedBytes: number): void {
    this.lastTransaction = lastTransaction;
    this.changedBytes = changedBytes;
    this.look();
  }

  /** Call after every check point. */
  noteCheckPoint(lastTransaction: number): void {
    this.lastCheckPoint = lastTransaction;
    this.changedBytes = 0;
    this.madeAtMs = performance.now();
  }

  stop(): void {
    clearInterval(this.timer);
    this.notBeforeMs = Number.POSITIVE_INFINITY;
  }

  private look(): void {
    if (this.isRequested || !this.isDue(performance.now())) return;
    this.isRequested = true;
    this.request()
      .catch(() => {
        this.notBeforeMs = Math.max(this.notBeforeMs, performance.now() + RETRY_MS);
      })
      .finally(() => {
        this.isRequested = false;
      });
  }

  private isDue(nowMs: number): boolean {
    const transactions = this.lastTransaction - this.lastCheckPoint;
    if (transactions <= 0 || nowMs < this.notBeforeMs) return false;
    const { checkPointIntervalMs, checkPointTransactions, budgetBytes } = this.settings;
    const isLate = nowMs - this.madeAtMs >= checkPointIntervalMs;
    return isLate || transactions >= checkPointTransactions || this.changedBytes >= budgetBytes;
  }
}
