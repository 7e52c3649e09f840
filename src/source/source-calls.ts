import { GraphkeepError } from '../base/errors.ts';

/**
 * Manages the calls of one source: one at a time, and {@link close} ends them. Implements what {@link BackupSource} promises about calls.
 */
export class SourceCalls {
  private readonly closing = new AbortController();
  private current: Promise<unknown> | undefined;

  /**
   * Runs a call with a signal that is aborted by `signal` and by {@link close}.
   * @throws GraphkeepError `internal` for a call during another one, or after {@link close}
   */
  async run<T>(signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.closing.signal.aborted) throw new GraphkeepError('internal', 'a source is used after its end');
    if (this.current !== undefined) throw new GraphkeepError('internal', 'a source gets a second call at a time');
    const running = call(AbortSignal.any([signal, this.closing.signal]));
    this.current = running;
    try {
      return await running;
    } finally {
      this.current = undefined;
    }
  }

  /** Ends the call under way with `cancelled` and waits for its end. May be called again. */
  async close(): Promise<void> {
    this.closing.abort(new GraphkeepError('cancelled', 'the source was closed'));
    await this.current?.catch(() => undefined);
  }
}

/** Refuses impossible transaction ids, for which a server would answer "nothing new" (spec common-protocol 10). */
export function requireTransactionId(lastTransactionId: number): void {
  if (Number.isSafeInteger(lastTransactionId) && lastTransactionId >= 1) return;
  throw new GraphkeepError('internal', 'transactions are asked for after an impossible one', {
    observed: lastTransactionId,
  });
}
