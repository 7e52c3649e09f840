import type { ErrorCode } from '../../base/error-codes.ts';
import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { systemCodeOf } from '../../base/file-errors.ts';
import { ObjectUnavailable, objectError } from '../object-errors.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

const noBucket: Meaning = { code: 'object.no-store', message: 'the bucket does not exist' };
const otherRegion: Meaning = {
  code: 'object.no-store',
  message: 'the bucket is in another region',
  hint: 'Give its region in the address: ?region=.',
};
const notAccepted: Meaning = { code: 'object.credentials', message: 'the server does not accept the credentials' };
const expired: Meaning = { code: 'object.credentials', message: 'the credentials have expired' };
const damaged: Meaning = { code: 'object.damaged', message: 'the server received something else than was sent' };
const full: Meaning = { code: 'object.full', message: 'there is no room' };
const unsupported: Meaning = { code: 'object.unsupported', message: 'the server cannot do that' };
const busy: Meaning = { code: 'object.unavailable', message: 'the server cannot do that now' };

/** What the server calls its error. */
const byName: Readonly<Record<string, Meaning>> = {
  NoSuchBucket: noBucket,
  PermanentRedirect: otherRegion,
  TemporaryRedirect: otherRegion,
  AuthorizationHeaderMalformed: otherRegion,
  IllegalLocationConstraintException: otherRegion,
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  InvalidAccessKeyId: notAccepted,
  SignatureDoesNotMatch: notAccepted,
  InvalidToken: notAccepted,
  CredentialsProviderError: {
    code: 'object.credentials',
    message: 'no credentials were found',
    hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile of the AWS tools, or a credentials command.',
  },
  RequestTimeTooSkewed: {
    ...busy,
    message: 'the clock of this machine is wrong',
    hint: 'Set the clock of this machine.',
  },
  RequestTimeout: busy,
  BadDigest: damaged,
  InvalidDigest: damaged,
  XAmzContentChecksumMismatch: damaged,
  XAmzContentSHA256Mismatch: damaged,
  QuotaExceeded: full,
  XMinioStorageFull: full,
};

const byStatus: Readonly<Record<number, Meaning>> = {
  301: otherRegion,
  307: otherRegion,
  401: notAccepted,
  403: { code: 'object.denied', message: 'the server forbids it' },
  404: { code: 'object.missing', message: 'there is no such object' },
  405: unsupported,
  408: busy,
  409: busy,
  416: { code: 'object.damaged', message: 'the object is shorter than what was to be read' },
  429: busy,
  501: unsupported,
  507: full,
};

/** Of the connection, by the code of the system or of Node. */
const byConnection: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be resolved at the moment',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network',
  ETIMEDOUT: 'the host does not answer',
  ECONNRESET: 'the connection was cut',
  ECONNABORTED: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was cut',
  HPE_INVALID_CONSTANT: 'the answer is no HTTP',
};

/** Failures of TLS: of the certificate, and of the handshake. */
const TLS = /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO)/;

/**
 * What a failed request means: for a {@link GraphkeepError} nothing new. `conflict`: what an object that does not meet the condition of the
 * request means. The text of the server is shown only where it cannot be about credentials.
 */
export function s3Error(
  error: unknown,
  action: string,
  place: ErrorPlace,
  conflict: 'object.exists' | 'object.changed',
): unknown {
  if (error instanceof GraphkeepError || !(error instanceof Error)) return error;
  const status = statusOf(error);
  if (status === undefined) return connectionError(error, action, place) ?? error;
  if (status === 412) return objectError(conflict, place);
  const { code, message, hint } = meaningOf(error.name, status);
  const isAboutCredentials = code === 'object.credentials' || code === 'object.denied';
  const details = {
    place,
    observed: [status, error.name, isAboutCredentials ? '' : error.message].filter(String).join(' '),
    ...(hint === undefined ? {} : { hint }),
  };
  if (code !== 'object.unavailable') return new GraphkeepError(code, `cannot ${action}: ${message}`, details);
  return new ObjectUnavailable(`cannot ${action}: ${message}`, { ...details, retryAfterMs: readRetryAfter(error) });
}

function meaningOf(name: string, status: number): Meaning {
  const known = (Object.hasOwn(byName, name) ? byName[name] : undefined) ?? byStatus[status];
  if (known !== undefined) return known;
  // An answer below 400 was not understood: something between us and the server may have made it.
  return status >= 500 || status < 400 ? busy : { ...unsupported, message: 'the server does not accept the request' };
}

/** Undefined if there was no answer. */
function statusOf(error: Error): number | undefined {
  const { $metadata, $response } = error as {
    $metadata?: { httpStatusCode?: number };
    $response?: { statusCode?: number };
  };
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

export function isStatus(error: unknown, ...statuses: number[]): boolean {
  const status = error instanceof Error ? statusOf(error) : undefined;
  return status !== undefined && statuses.includes(status);
}

function readRetryAfter(error: Error): number | undefined {
  const { $response } = error as { $response?: { headers?: Record<string, string> } };
  const text = $response?.headers?.['retry-after'];
  if (text === undefined) return undefined;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : undefined;
}

/** Undefined for an error that is a mistake of ours. */
function connectionError(error: Error, action: string, place: ErrorPlace): GraphkeepError | undefined {
  const known = Object.hasOwn(byName, error.name) ? byName[error.name] : undefined;
  if (known !== undefined) {
    const { code, message, hint = '' } = known;
    return new GraphkeepError(code, `cannot ${action}: ${message}`, { place, hint });
  }
  if (error.message === 'Region is missing') {
    return new GraphkeepError('object.address', 'the region of the bucket is not known', {
      place,
      hint: 'Give it in the address (?region=), or set AWS_REGION.',
    });
  }
  const code = systemCodeOf(firstOf(error)) ?? '';
  const details = { place, observed: code === '' ? error.message : code, cause: error };
  if (TLS.test(code)) return new GraphkeepError('object.tls', `cannot ${action}: TLS failed`, details);
  if (error.name === 'TimeoutError') {
    const [, silentMs] = /after (\d+) ms/.exec(error.message) ?? [];
    const observed = silentMs === undefined ? details.observed : `silent for ${silentMs} ms`;
    return new ObjectUnavailable(`cannot ${action}: the server does not answer`, { ...details, observed });
  }
  const reason = byConnection[code];
  return reason === undefined ? undefined : new ObjectUnavailable(`cannot ${action}: ${reason}`, details);
}

/** If a name has several addresses, Node reports one error per address. */
function firstOf(error: Error): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error;
}
