import { GraphkeepError } from '../../base/errors.ts';
import { isStorePrefix } from '../keys.ts';
import type { LockMode } from '../object-store.ts';

/** Where a store is in S3, or in what speaks its language. */
export interface S3Address {
  readonly bucket: string;
  /** The path of the store in the bucket, without `/` at its ends; may be empty. */
  readonly prefix: string;
  /** Undefined: that of AWS for the region. */
  readonly endpoint: string | undefined;
  /** Undefined: as the settings of the SDK say. */
  readonly region: string | undefined;
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`. */
  readonly pathStyle: boolean;
  /** New objects are protected from removal for so many days. */
  readonly lock: { readonly days: number; readonly mode: LockMode } | undefined;
}

const PARAMETERS = ['endpoint', 'region', 'path-style', 'lock-days', 'lock-mode'];
/** A hundred years: whoever asks for more has mistyped it. */
const MOST_LOCK_DAYS = 36_500;

/**
 * Parses `s3://bucket/prefix?endpoint=https://host:port&region=eu-west-1&path-style=true`. With an endpoint, `path-style` is true by
 * default, and the region is us-east-1, which servers other than AWS do not look at. `lock-days=30` protects new objects, with
 * `lock-mode=compliance` even from who has the right to lift that.
 * @throws GraphkeepError `object.address`; it never shows a user or password that somebody put there
 */
export function parseS3Address(text: string): S3Address {
  const url = toUrl(text, 'the address');
  refuseSecrets(url);
  const { searchParams: parameters, hostname: bucket } = url;
  if (!/^[a-z0-9][a-z0-9.-]+$/.test(bucket) || url.port !== '') throw bad(`there is no bucket '${url.host}'`);
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  if (!isStorePrefix(prefix))
    throw bad('the path in the bucket is too long or has other characters than A-Za-z0-9._-', prefix);
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) throw bad('there is no such parameter', name);
    if (parameters.getAll(name).length > 1) throw bad('a parameter is given twice', name);
  }
  const endpoint = parseEndpoint(parameters.get('endpoint') ?? undefined);
  const pathStyle = parameters.get('path-style') ?? String(endpoint !== undefined);
  if (pathStyle !== 'true' && pathStyle !== 'false') throw bad('path-style must be true or false', pathStyle);
  const region = parameters.get('region') ?? (endpoint === undefined ? undefined : 'us-east-1');
  return { bucket, prefix, endpoint, region, pathStyle: pathStyle === 'true', lock: parseLock(parameters) };
}

function parseLock(parameters: URLSearchParams): S3Address['lock'] {
  const text = parameters.get('lock-days');
  const mode = parameters.get('lock-mode');
  if (text === null) {
    if (mode !== null) throw bad('lock-mode needs lock-days', mode);
    return undefined;
  }
  const days = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(days <= MOST_LOCK_DAYS)) throw bad(`lock-days must be a whole number from 1 to ${MOST_LOCK_DAYS}`, text);
  if (mode !== null && mode !== 'governance' && mode !== 'compliance')
    throw bad('lock-mode must be governance or compliance', mode);
  return { days, mode: mode ?? 'governance' };
}

function parseEndpoint(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = toUrl(text, 'the endpoint');
  refuseSecrets(url);
  const isPlain = ['http:', 'https:'].includes(url.protocol) && url.search === '' && url.hash === '';
  if (!isPlain) throw bad('the endpoint must be http:// or https:// with a host and perhaps a port');
  return url.href.replace(/\/$/, '');
}

function toUrl(text: string, what: string): URL {
  try {
    return new URL(text);
  } catch {
    // The error of Node shows all of it, with a password that may be in it.
    throw bad(`${what} is no URL`);
  }
}

function refuseSecrets({ username, password }: URL): void {
  if (username === '' && password === '') return;
  throw new GraphkeepError('object.address', 'an address must not hold a user or password: it is shown and logged', {
    hint: 'Use the settings of the AWS tools (AWS_ACCESS_KEY_ID, a profile), or a credentials command.',
  });
}

function bad(message: string, observed?: string): GraphkeepError {
  return new GraphkeepError('object.address', message, observed === undefined ? {} : { observed });
}
