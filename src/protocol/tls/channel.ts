import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import { SecureCarrier } from './secure-carrier.ts';
import type { TlsRole } from './tls-session.ts';

export interface ChannelOptions {
  role: TlsRole;
  /** `host:port`, for messages. */
  peer: string;
  /** The host that a client dialled, for `verify_hostname`. */
  host?: string;
  /** Without a policy, the channel is the socket itself, before and after the switch-over. */
  policy?: SslPolicy | undefined;
  /** Time limit for each TLS handshake; 0 = no limit. */
  timeoutMs: number;
  signal?: AbortSignal;
}

/** One catchup connection, with or without TLS (spec catchup-protocol 7). */
export interface Channel {
  /** The stream for the protocol handshake. */
  readonly stream: Duplex;
  /**
   * Call it once, after the last byte of the protocol handshake was written (server) or read (client). Resolves with the stream for
   * everything that follows: with TLS, a second session on the same connection. {@link stream} is then dead and emits nothing more.
   */
  switchOver(): Promise<Duplex>;
}

/**
 * Makes a channel from an idle connection: connected, paused, created without `onread`, without data listeners. Bytes that were already
 * inspected must have been put back with `unshift`.
 * @throws GraphkeepError `tls.*` if the peer does not satisfy the policy, or `cancelled`; the socket is then destroyed
 */
export async function openChannel(socket: Socket, options: ChannelOptions): Promise<Channel> {
  const { policy } = options;
  if (policy === undefined) return { stream: socket, switchOver: async () => socket };
  const carrier = new SecureCarrier(socket, { ...options, policy });
  const stream = await carrier.startTls();
  return { stream, switchOver: () => carrier.restartTls() };
}
