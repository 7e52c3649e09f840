import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { GraphkeepError } from '../../base/errors.ts';
import { isMissing } from '../../base/file-errors.ts';
import type { PolicyPath } from './ssl-policy-settings.ts';

/** Far above the size of the largest revocation list. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** First byte of every key, certificate and list in DER: a sequence. */
const DER_SEQUENCE = 0x30;

/** Key types that TLS 1.2 and later can use. */
const KEY_TYPES = ['rsa', 'ec', 'rsa-pss', 'ed25519', 'ed448'];

/**
 * Reads an unencrypted private key: PEM or DER, PKCS#8 or one of the older forms.
 * @throws GraphkeepError `config` with setting and path
 */
export async function readPrivateKey(place: PolicyPath): Promise<KeyObject> {
  const bytes = await readPolicyFile(place, 'private key');
  const text = bytes.toString('latin1');
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:.*ENCRYPTED/m.test(text)) {
    throw unusable(place, 'the private key is encrypted', {
      hint: 'Decrypt the private key (openssl pkcs8 -in encrypted.key -out private.key) and protect the file by its permissions.',
    });
  }
  const key = bytes[0] === DER_SEQUENCE ? parseDerKey(bytes) : parsePemKey(text);
  if (key === undefined) throw unusable(place, 'the file holds no private key in PEM or DER');
  const type = key.asymmetricKeyType ?? 'unknown';
  if (!KEY_TYPES.includes(type)) {
    throw unusable(place, 'this kind of key can sign no TLS handshake any more', {
      observed: type.toUpperCase(),
      hint: 'Make an RSA or EC key and a certificate for it.',
    });
  }
  return key;
}

function parsePemKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    // Any OpenSSL error means that this is not a key; the caller reports it.
    return undefined;
  }
}

function parseDerKey(bytes: Buffer): KeyObject | undefined {
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    try {
      return createPrivateKey({ key: bytes, format: 'der', type });
    } catch {
      // Try the next form.
    }
  }
  return undefined;
}

/**
 * Reads one or more certificates, PEM or DER, in file order.
 * @throws GraphkeepError `config` with setting and path
 */
export async function readCertificates(place: PolicyPath): Promise<X509Certificate[]> {
  const bytes = await readPolicyFile(place, 'certificate');
  const encoded = splitObjects(bytes, /^(X509 )?CERTIFICATE$/);
  if (encoded.length === 0) throw unusable(place, 'the file holds no certificate in PEM or DER');
  return encoded.map((one, index) => {
    try {
      return new X509Certificate(one);
    } catch (cause) {
      throw unusable(place, `certificate ${index + 1} of the file cannot be read`, { cause });
    }
  });
}

/**
 * Reads the certificate revocation lists in one file, PEM or DER, and returns them as PEM.
 * @throws GraphkeepError `config` with setting and path
 */
export async function readRevocationLists(place: PolicyPath): Promise<string[]> {
  const bytes = await readPolicyFile(place, 'list of revoked certificates');
  const lists = splitObjects(bytes, /^(X509 )?CRL$/).map(toCrlPem);
  if (lists.length === 0) throw unusable(place, 'the file holds no list of revoked certificates in PEM or DER');
  try {
    createSecureContext({ crl: lists });
  } catch (cause) {
    throw unusable(place, 'the list of revoked certificates cannot be read', { cause });
  }
  return lists;
}

/**
 * Every file in a directory, by name. Subdirectories are ignored (mounted secrets have some).
 * @throws GraphkeepError `config` if the directory does not exist
 */
export async function listPolicyDirectory({ path, setting }: PolicyPath): Promise<PolicyPath[]> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw isMissing(cause)
      ? unusable({ path, setting }, 'the directory does not exist', {
          cause,
          hint: 'Create the directory, also if it stays empty, or correct the setting.',
        })
      : unusable({ path, setting }, 'the directory cannot be read', { cause });
  });
  const places: PolicyPath[] = [];
  for (const name of names.sort()) {
    const file = join(path, name);
    if ((await stat(file)).isFile()) places.push({ path: file, setting });
  }
  return places;
}

/** The error for a file or directory of a policy, with the setting that names it. */
export function unusable(
  { path, setting }: PolicyPath,
  reason: string,
  details: { observed?: string; hint?: string; cause?: unknown } = {},
): GraphkeepError {
  const { cause } = details;
  const observed = details.observed ?? (cause instanceof Error ? cause.message : undefined);
  return new GraphkeepError('config', `Cannot use setting '${setting}': ${reason}`, {
    place: { file: path },
    hint: details.hint ?? 'Correct the file, or the setting that names it.',
    cause,
    ...(observed === undefined ? {} : { observed }),
  });
}

async function readPolicyFile(place: PolicyPath, what: string): Promise<Buffer> {
  try {
    const { size } = await stat(place.path);
    if (size > MAX_FILE_BYTES)
      throw unusable(place, `the file is too large for a ${what}`, { observed: `${size} bytes` });
    return await readFile(place.path);
  } catch (cause) {
    if (cause instanceof GraphkeepError) throw cause;
    const reason = isMissing(cause) ? `the file with the ${what} does not exist` : `the ${what} cannot be read`;
    throw unusable(place, reason, { cause });
  }
}

/** The objects in a file: PEM blocks with this label, or consecutive DER objects. */
function splitObjects(bytes: Buffer, label: RegExp): Buffer[] {
  if (bytes[0] === DER_SEQUENCE) return splitDer(bytes);
  const blocks = bytes.toString('latin1').matchAll(/-----BEGIN ([^-]+)-----([^-]*)-----END \1-----/g);
  const objects: Buffer[] = [];
  for (const [, kind, body] of blocks) {
    if (label.test(kind!)) objects.push(Buffer.from(body!, 'base64'));
  }
  return objects;
}

/** Bytes that do not form a whole sequence become the last object: its reader will report the error. */
function splitDer(bytes: Buffer): Buffer[] {
  const objects: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + measureDer(bytes.subarray(at));
    objects.push(bytes.subarray(at, end));
    at = end;
  }
  return objects;
}

/** Length of the first object including its header: `30`, then the length in one byte, or `8n` and n bytes. */
function measureDer(bytes: Buffer): number {
  const first = bytes[1] ?? 0;
  if (bytes[0] !== DER_SEQUENCE) return bytes.length;
  if (first < 0x80) return Math.min(2 + first, bytes.length);
  const width = first & 0x7f;
  if (width < 1 || width > 4 || bytes.length < 2 + width) return bytes.length;
  return Math.min(2 + width + bytes.readUIntBE(2, width), bytes.length);
}

function toCrlPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN X509 CRL-----', ...lines, '-----END X509 CRL-----', ''].join('\n');
}
