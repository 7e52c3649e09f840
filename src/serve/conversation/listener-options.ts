import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import type { ListenerEvent } from './listener-events.ts';

/** Limits that keep one client from harming others or the database. Times in milliseconds. */
export interface ListenerLimits {
  /** Maximum number of connections; each running answer needs up to 9 MB. */
  maxConnections: number;
  /** Maximum number of connections from one address. */
  maxPerPeer: number;
  /** From the connection, or from the first byte of a later request, to the end of the request. */
  requestTimeoutMs: number;
  /** How long a connection may stay open unused after an answer. */
  idleTimeoutMs: number;
  /** A client that reads no byte of its answer for this long is cut off. */
  stallTimeoutMs: number;
  /**
   * Longest time that one full copy may keep the database from making check points. Then the client is cut off; but a catchup client that
   * has all files which must not change continues, and only the log is kept for it.
   */
  maxHoldMs: number;
  /** Time for answers under way to finish when the listener is stopped. */
  stopGraceMs: number;
}

export interface ListenAddress {
  /** Name or address to listen on; default: all addresses of this machine. */
  host?: string;
  /** First port to try; 0 = any free one. */
  port: number;
  /** The first free port from `port` up to this one is used. */
  lastPort?: number;
}

export interface ListenerOptions {
  listen: ListenAddress;
  limits?: Partial<ListenerLimits>;
  /**
   * Serve only clients that satisfy this policy, over TLS; default: no encryption. The common protocol has no TLS, so clients must then
   * speak the catchup protocol.
   */
  sslPolicy?: SslPolicy | undefined;
  /** Accepted compressions of catchup requests, by their names on the wire, best first; default: none, as on a real server. */
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
