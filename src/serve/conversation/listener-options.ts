import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import type { ListenerEvent } from './listener-events.ts';

/** Limits that keep one client from harming the others, or the database. Times in milliseconds. */
export interface ListenerLimits {
  /** Connections at the same time; each running answer needs up to 9 MB. */
  maxConnections: number;
  /** Of these, connections of one address. */
  maxPerPeer: number;
  /** From the connection, or from the first byte of a later request, to the end of the request. */
  requestTimeoutMs: number;
  /** A connection may stay open unused for so long after an answer. */
  idleTimeoutMs: number;
  /** A client that takes no byte of its answer for so long is cut off. */
  stallTimeoutMs: number;
  /**
   * Longest time that one full copy may keep the database from making check points. Then it is cut off; a catchup client that has the files
   * which must not change goes on, and only the log stays for it.
   */
  maxHoldMs: number;
  /** Answers under way have so long to finish when the listener is stopped. */
  stopGraceMs: number;
}

export interface ListenAddress {
  /** Name or address to listen on; default: all of this machine. */
  host?: string;
  /** First port to try; 0 = any free one. */
  port: number;
  /** The first port that is free, from `port` up to this one, is used. */
  lastPort?: number;
}

export interface ListenerOptions {
  listen: ListenAddress;
  limits?: Partial<ListenerLimits>;
  /**
   * Only clients that pass this policy are served, over TLS; default: no encryption. The common protocol knows no TLS: clients have to
   * speak the catchup protocol then.
   */
  sslPolicy?: SslPolicy | undefined;
  /** Compressions of catchup requests that are agreed to, as they are named on the wire, best first; default: none, as on a real server. */
  compression?: readonly string[];
  onEvent?: (event: ListenerEvent) => void;
}

const MINUTE_MS = 60_000;

export const DEFAULT_LIMITS: ListenerLimits = {
  maxConnections: 48,
  maxPerPeer: 32,
  requestTimeoutMs: MINUTE_MS / 2,
  idleTimeoutMs: 5 * MINUTE_MS,
  stallTimeoutMs: 2 * MINUTE_MS,
  maxHoldMs: 240 * MINUTE_MS,
  stopGraceMs: MINUTE_MS / 2,
};
