import type { ErrorCode } from '../../base/error-codes.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { systemCodeOf } from '../../base/file-errors.ts';

interface Meaning {
  code: ErrorCode;
  message: string;
  hint?: string;
}

/** Alerts from the peer, by the end of OpenSSL's name (the start differs between versions of OpenSSL). */
const ALERTS: Record<string, Meaning> = {
  PROTOCOL_VERSION: { code: 'tls.no-common-version', message: 'the peer accepts none of our TLS versions' },
  HANDSHAKE_FAILURE: {
    code: 'tls.no-common-cipher',
    message: 'the peer found no cipher suite, or no certificate, that suits both sides',
  },
  INSUFFICIENT_SECURITY: { code: 'tls.no-common-cipher', message: 'the peer finds our cipher suites too weak' },
  UNKNOWN_CA: { code: 'tls.refused-by-peer', message: 'the peer does not know the issuer of our certificate' },
  CERTIFICATE_EXPIRED: {
    code: 'tls.refused-by-peer',
    message: 'the peer says that our certificate has expired',
    hint: 'Give this machine a new certificate, or correct the clock of the peer.',
  },
  CERTIFICATE_REVOKED: {
    code: 'tls.refused-by-peer',
    message: 'the peer says that our certificate is revoked',
    hint: 'Give this machine a new certificate.',
  },
  CERTIFICATE_UNKNOWN: { code: 'tls.refused-by-peer', message: 'the peer does not accept our certificate' },
  BAD_CERTIFICATE: { code: 'tls.refused-by-peer', message: 'the peer does not accept our certificate' },
  UNSUPPORTED_CERTIFICATE: { code: 'tls.refused-by-peer', message: 'the peer cannot use our kind of certificate' },
  CERTIFICATE_REQUIRED: { code: 'tls.refused-by-peer', message: 'the peer asks for a certificate' },
  ACCESS_DENIED: { code: 'tls.refused-by-peer', message: 'the peer does not let us in' },
};

/** Errors that OpenSSL on this side detects. */
const FAILURES: Record<string, Meaning> = {
  ERR_SSL_UNSUPPORTED_PROTOCOL: { code: 'tls.no-common-version', message: 'the peer offers none of our TLS versions' },
  ERR_SSL_VERSION_TOO_LOW: { code: 'tls.no-common-version', message: 'the peer offers none of our TLS versions' },
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: { code: 'tls.no-common-version', message: 'no TLS version is left to offer' },
  ERR_SSL_NO_SHARED_CIPHER: {
    code: 'tls.no-common-cipher',
    message: 'the peer offers no cipher suite that suits our policy and our key',
  },
  ERR_SSL_WRONG_CIPHER_RETURNED: { code: 'tls.no-common-cipher', message: 'the peer took a cipher suite of its own' },
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: {
    code: 'tls.no-client-certificate',
    message: 'the client shows no certificate',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: { code: 'tls.plaintext-peer', message: 'the peer answers without TLS' },
  ERR_SSL_HTTP_REQUEST: { code: 'tls.plaintext-peer', message: 'the peer does not use TLS' },
  ERR_SSL_HTTPS_PROXY_REQUEST: { code: 'tls.plaintext-peer', message: 'the peer does not use TLS' },
};

/** Errors of the connection itself. */
const BROKEN = ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'];

/** Explains an error of Node's TLS; returns other errors unchanged. */
export function explainTlsError(error: Error, peer: string): Error {
  const native = systemCodeOf(error);
  if (error instanceof GraphkeepError || native === undefined) return error;
  const meaning = FAILURES[native] ?? ALERTS[/_ALERT_(\w+)$/.exec(native)?.[1] ?? ''];
  if (meaning === undefined && !/^ERR_(SSL|TLS|OSSL)_/.test(native)) return error;
  const { code, message, hint } = meaning ?? { code: 'tls.failed', message: 'the encrypted connection failed' };
  const observed = meaning === undefined ? error.message : native;
  return new GraphkeepError(code, message, {
    place: { peer },
    observed,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The error for a failed TLS handshake: as {@link explainTlsError}, but a broken connection counts as a TLS error too. */
export function handshakeFailed(error: Error | undefined, peer: string): GraphkeepError {
  if (error === undefined || BROKEN.includes(systemCodeOf(error) ?? '')) return closedInHandshake(peer, error);
  const explained = explainTlsError(error, peer);
  if (explained instanceof GraphkeepError) return explained;
  return new GraphkeepError('tls.failed', 'TLS could not begin', {
    place: { peer },
    observed: error.message,
    cause: error,
  });
}

function closedInHandshake(peer: string, cause: Error | undefined): GraphkeepError {
  return new GraphkeepError('tls.closed', 'the peer closed the connection before TLS was set up', {
    place: { peer },
    observed: systemCodeOf(cause) ?? 'closed',
    ...(cause === undefined ? {} : { cause }),
  });
}

export function handshakeTooLong(peer: string, timeoutMs: number): GraphkeepError {
  return new GraphkeepError('tls.timeout', 'TLS was not set up in time', {
    place: { peer },
    observed: `nothing within ${timeoutMs} ms`,
  });
}

export function plaintextPeer(peer: string, bytes: Uint8Array): GraphkeepError {
  return new GraphkeepError('tls.plaintext-peer', 'the peer does not begin with TLS', {
    place: { peer },
    observed: `first bytes ${Buffer.from(bytes.subarray(0, 8)).toString('hex')}`,
  });
}

/** The error for a client that TLS accepted but the server then disconnected silently: some servers check the certificate afterwards. */
export function closedBeforeAnyByte(peer: string, cause?: Error): GraphkeepError {
  return new GraphkeepError('tls.refused-by-peer', 'the peer closed the connection as soon as TLS was set up', {
    place: { peer },
    observed: systemCodeOf(cause) ?? 'closed without an answer',
    ...(cause === undefined ? {} : { cause }),
  });
}
