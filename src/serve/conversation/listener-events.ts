/**
 * With the catchup protocol a full backup is many requests: it begins with the first one that makes a check point, and ends with the
 * transactions on the same connection. `part`: a request that belongs to no backup, or to one on another connection.
 */
export type RequestKind = 'full' | 'incremental' | 'part';

/** Figures of a finished or broken answer. */
export interface AnswerFigures {
  request: RequestKind;
  /** `host:port` of the client. */
  peer: string;
  /** Bytes on the wire. */
  bytes: number;
  durationMs: number;
}

/** Events of a listener, for its log. */
export type ListenerEvent =
  | { kind: 'started'; request: RequestKind; peer: string /** The last transaction of the client. */; after?: number }
  | ({ kind: 'finished' } & AnswerFigures)
  /** The client was told why there is no backup; it may ask again. */
  | ({ kind: 'failed'; error: unknown } & AnswerFigures)
  /** The connection ended before the answer: the client went away, or was cut off. */
  | ({ kind: 'aborted'; error: unknown } & AnswerFigures)
  /** Something other than a request, or one connection too many; the connection was closed. */
  | { kind: 'refused'; peer: string; error: unknown }
  /** Closed because no request came. */
  | { kind: 'silent'; peer: string; error: unknown }
  /** Number of events that were not reported (see {@link EventThrottle}). */
  | { kind: 'left-out'; count: number }
  /** The listener itself is in trouble, for example out of file descriptors; it continues. */
  | { kind: 'trouble'; error: unknown };
