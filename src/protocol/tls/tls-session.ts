import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, createSecureContext, createServer, type TLSSocket } from 'node:tls';
import { cancelledError } from '../../base/cancellation.ts';
import type { GraphkeepError } from '../../base/errors.ts';
import { startTimer } from '../../base/timers.ts';
import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import { judgeClient, judgeServer } from './peer-judgement.ts';
import { explainTlsError, handshakeFailed, handshakeTooLong } from './tls-errors.ts';
import { contextOptions } from './tls-options.ts';

export type TlsRole = 'client' | 'server';

export interface SessionOptions {
  role: TlsRole;
  policy: SslPolicy;
  /** `host:port`, for messages. */
  peer: string;
  /** The host that a client dialled. */
  host?: string | undefined;
  /** Time limit for the handshake; 0 = no limit. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * Starts a TLS session over a transport: a full handshake, never a resumed one; then the policy decides about the peer. On rejection, with
 * `tls.*` or `cancelled`, the transport is destroyed. Later errors of the session are `tls.*` too if TLS caused them.
 */
export function startSession(transport: Duplex, options: SessionOptions): Promise<TLSSocket> {
  const { role, policy, peer, host, timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    let isOver = false;
    const finish = () => {
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    };
    const fail = (error: GraphkeepError) => {
      if (isOver) return;
      finish();
      transport.destroy();
      reject(error);
    };
    const succeed = (session: TLSSocket) => {
      const refusal = role === 'client' ? judgeServer(session, policy, peer, host) : judgeClient(session, policy, peer);
      if (refusal !== undefined) {
        fail(refusal);
        return;
      }
      if (isOver) return;
      finish();
      explainErrors(session, peer);
      resolve(session);
    };
    const broken = (error?: Error) => fail(handshakeFailed(error, peer));
    const cancel = () => fail(cancelledError(signal!));
    const timer = timeoutMs > 0 ? startTimer(() => fail(handshakeTooLong(peer, timeoutMs)), timeoutMs) : undefined;
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    else if (role === 'client') beginAsClient(transport, options, succeed, broken);
    else beginAsServer(transport, policy, succeed, broken);
  });
}

function beginAsClient(
  transport: Duplex,
  { policy, host }: SessionOptions,
  succeed: (session: TLSSocket) => void,
  broken: (error?: Error) => void,
): void {
  const session = connect({
    ...contextOptions(policy),
    socket: transport,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    // A server with several certificates must know which one will be compared. Only names may be announced.
    ...(policy.verifyHostname && host !== undefined && isIP(host.replace(/^\[|\]$/g, '')) === 0
      ? { servername: host }
      : {}),
  });
  session.once('secureConnect', () => succeed(session));
  session.on('error', broken);
  session.once('close', () => broken());
}

function beginAsServer(
  transport: Duplex,
  policy: SslPolicy,
  succeed: (session: TLSSocket) => void,
  broken: (error?: Error) => void,
): void {
  // A server that never listens, made for one session: nothing is resumed, and it is known whose failure is reported.
  const server = createServer({
    ...contextOptions(policy),
    requestCert: policy.clientAuth !== 'NONE',
    // Checked afterwards, so that the error can say whose certificate it was.
    rejectUnauthorized: false,
    // We have our own timer.
    handshakeTimeout: 0x7fffffff,
  });
  // Node's server drops `allowPartialTrustChain` from the options that it passes on. If this workaround ever has no effect, fewer peers are
  // trusted, not more.
  Object.assign(server, { _sharedCreds: createSecureContext(contextOptions(policy)) });
  server.on('secureConnection', (session) => {
    session.on('error', broken);
    session.once('close', () => broken());
    succeed(session);
  });
  server.on('tlsClientError', (error) => broken(error));
  server.emit('connection', transport);
}

/** Makes the stream's error say what TLS found. */
function explainErrors(session: TLSSocket, peer: string): void {
  const destroy = session._destroy.bind(session);
  session._destroy = (error, done) => destroy(error === null ? null : explainTlsError(error, peer), done);
}
