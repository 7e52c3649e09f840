import type { Duplex } from 'node:stream';
import type { SslPolicy } from '../../config/ssl-policy.ts';

export type TlsRole = 'client' | 'server';

export interface ChannelOptions {
  role: TlsRole;
  /** `host:port`, for messages. */
  peer: string;
  /** The host that a client has dialled, for `verify_hostname`. */
  host?: string;
  /** No policy: the channel is the socket itself, before and after the switch-over. */
  policy?: SslPolicy | undefined;
  /** Longest time for each TLS handshake; 0 = no limit. */
  timeoutMs: number;
  signal?: AbortSignal;
}

/** One catchup connection, with or without TLS (spec catchup-protocol 7.1). */
export interface Channel {
  /** What the protocol handshake runs over. */
  readonly stream: Duplex;
  /**
   * Call it once, when the last byte of the protocol handshake was written (server) or read (client). Gives the stream for everything that
   * follows: with TLS, a second session on the same connection; {@link stream} is dead then and emits nothing more.
   */
  switchOver(): Promise<Duplex>;
}
