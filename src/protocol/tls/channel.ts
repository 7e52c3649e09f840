import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import { SecureCarrier } from './secure-carrier.ts';
import type { TlsRole } from './tls-session.ts';

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

/** One catchup connection, with or without TLS (spec catchup-protocol 7). */
export interface Channel {
  /** What the protocol handshake runs over. */
  readonly stream: Duplex;
  /**
   * Call it once, when the last byte of the protocol handshake was written (server) or read (client). Gives the stream for everything that
   * follows: with TLS, a second session on the same connection; {@link stream} is dead then and emits nothing more.
   */
  switchOver(): Promise<Duplex>;
}

/**
 * Makes a channel out of a connection that stands still: connected, paused, made without `onread`, nobody listening to its data; bytes
 * that were looked at already are put back with `unshift`.
 * @throws GraphkeepError `tls.*` if the peer and the policy do not come together, `cancelled`; the socket is destroyed then
 */
export async function openChannel(socket: Socket, options: ChannelOptions): Promise<Channel> {
  const { policy } = options;
  if (policy === undefined) return { stream: socket, switchOver: async () => socket };
  const carrier = new SecureCarrier(socket, { ...options, policy });
  const stream = await carrier.startTls();
  return { stream, switchOver: () => carrier.restartTls() };
}
