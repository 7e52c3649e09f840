import { GraphkeepError } from '../../base/errors.ts';
import type { AnswerFigures, ListenerEvent, RequestKind } from '../conversation/listener-events.ts';

/** Reports the backups of one client: each beginning, and how it ends. */
export class BackupLog {
  private readonly peer: string;
  private readonly onEvent: (event: ListenerEvent) => void;
  private current: { request: RequestKind; startedAt: number; bytes: number } | undefined;

  constructor(peer: string, onEvent: (event: ListenerEvent) => void) {
    this.peer = peer;
    this.onEvent = onEvent;
  }

  /** True from the beginning of a backup to its end. */
  get isOpen(): boolean {
    return this.current !== undefined;
  }

  begin(request: RequestKind, after: number | undefined): void {
    this.abort(new GraphkeepError('serve.client-lost', 'the client began anew', { place: { peer: this.peer } }));
    this.current = { request, startedAt: performance.now(), bytes: 0 };
    this.onEvent({ kind: 'started', request, peer: this.peer, ...(after === undefined ? {} : { after }) });
  }

  addBytes(count: number): void {
    if (this.current !== undefined) this.current.bytes += count;
  }

  finish(): void {
    const figures = this.take();
    if (figures !== undefined) this.onEvent({ kind: 'finished', ...figures });
  }

  /** The client was told that there is no backup. */
  fail(error: unknown): void {
    const figures = this.take();
    if (figures !== undefined) this.onEvent({ kind: 'failed', error, ...figures });
  }

  /** The connection ended before the backup did; does nothing without a backup. */
  abort(error: unknown): void {
    const figures = this.take();
    if (figures !== undefined) this.onEvent({ kind: 'aborted', error, ...figures });
  }

  /** A request failed that is not a backup in itself. */
  failPart(kind: 'failed' | 'aborted', error: unknown, startedAt: number, bytes: number): void {
    const durationMs = Math.round(performance.now() - startedAt);
    this.onEvent({ kind, error, request: 'part', peer: this.peer, bytes, durationMs });
  }

  private take(): AnswerFigures | undefined {
    const { current, peer } = this;
    this.current = undefined;
    if (current === undefined) return undefined;
    const { request, startedAt, bytes } = current;
    return { request, peer, bytes, durationMs: Math.round(performance.now() - startedAt) };
  }
}
