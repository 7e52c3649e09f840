import { connect, type Socket } from 'node:net';
import { cancelledError } from '../../base/cancellation.ts';
import { startTimer } from '../../base/timers.ts';
import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import { notConnectedInTime, unreachable } from '../../net/connection-errors.ts';
import { connectableHost, formatAddress, type ServerAddress } from '../../net/server-address.ts';
import { ClientHandshake } from '../../protocol/catchup/client-handshake.ts';
import { openChannel } from '../../protocol/tls/channel.ts';
import { HandshakeConversation } from './handshake-conversation.ts';
import { RequestStream } from './request-stream.ts';

/** For every address of a name except the last. */
const ADDRESS_TIMEOUT_MS = 1000;

/** Detects a peer that vanished silently, long before the inactivity timeout. */
const KEEP_ALIVE_MS = 60_000;

export interface ConnectionOptions {
  address: ServerAddress;
  /** Encrypts the connection and authenticates both sides. */
  policy: SslPolicy | undefined;
  /** Compressions to offer for what the client sends, best first. */
  compressions: readonly string[];
  connectTimeoutMs: number;
  /** Time limit from the connection to the end of the handshake; 0 = no limit. */
  handshakeTimeoutMs: number;
  /** Longest silence of the server while an answer is due; 0 = no limit. */
  inactivityTimeoutMs: number;
}

/**
 * Opens a connection to a cluster member, ready for requests (spec catchup-protocol 5). Rejects with `peer.*` or `tls.*`; nothing then
 * stays open.
 */
export async function openConnection(options: ConnectionOptions, signal: AbortSignal): Promise<RequestStream> {
  if (signal.aborted) throw cancelledError(signal);
  const startedMs = performance.now();
  const socket = await connectSocket(options, signal);
  try {
    return await shakeHands(socket, options, signal, startedMs);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function connectSocket({ address, connectTimeoutMs }: ConnectionOptions, signal: AbortSignal): Promise<Socket> {
  const peer = formatAddress(address);
  const socket = connect({
    host: connectableHost(address.host),
    port: address.port,
    // The default of 250 ms is too short for a name with several distant addresses.
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    noDelay: true,
  });
  // Later listeners of the stream get its errors; without any listener, even briefly, an error would end the process.
  socket.on('error', () => {});
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.removeListener('error', refuse);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(cancelledError(signal));
    const refuse = (error: Error) => fail(unreachable(peer, error));
    const timer = startTimer(() => fail(notConnectedInTime(peer, connectTimeoutMs)), connectTimeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', refuse);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}

async function shakeHands(
  socket: Socket,
  options: ConnectionOptions,
  signal: AbortSignal,
  startedMs: number,
): Promise<RequestStream> {
  const { policy, address, handshakeTimeoutMs, compressions, inactivityTimeoutMs } = options;
  const peer = formatAddress(address);
  const channel = await openChannel(socket, {
    role: 'client',
    peer,
    host: connectableHost(address.host),
    policy,
    timeoutMs: handshakeTimeoutMs,
    signal,
  });
  const handshake = new ClientHandshake(peer, compressions);
  const limit = { limitMs: handshakeTimeoutMs, startedMs };
  const { stream, modifiers } = await new HandshakeConversation(channel, handshake, peer, limit, signal).result;
  return new RequestStream(stream, { peer, offset: handshake.offset, modifiers, inactivityTimeoutMs, signal });
}
