import { createSecureContext, getCiphers } from 'node:tls';

/** Key exchange and signature of a suite: the JSSE name and the OpenSSL name. */
const EXCHANGES = new Map([
  ['RSA', ''],
  ['DHE_RSA', 'DHE-RSA-'],
  ['DHE_DSS', 'DHE-DSS-'],
  ['ECDHE_RSA', 'ECDHE-RSA-'],
  ['ECDHE_ECDSA', 'ECDHE-ECDSA-'],
]);

/** Encryption of a suite. `hidesMac` leaves out the MAC that follows, where it is part of the encryption. */
const ENCRYPTIONS = new Map<string, { name: string; hidesMac?: boolean }>([
  ['AES_128_CBC', { name: 'AES128' }],
  ['AES_256_CBC', { name: 'AES256' }],
  ['AES_128_GCM', { name: 'AES128-GCM' }],
  ['AES_256_GCM', { name: 'AES256-GCM' }],
  ['AES_128_CCM', { name: 'AES128-CCM', hidesMac: true }],
  ['AES_256_CCM', { name: 'AES256-CCM', hidesMac: true }],
  ['CHACHA20_POLY1305', { name: 'CHACHA20-POLY1305', hidesMac: true }],
]);

/**
 * The OpenSSL name of a cipher suite, given by its JSSE name (`TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384`; `SSL_` is the older prefix) or its
 * OpenSSL name. Undefined if this Node has no such suite.
 */
export function findCipher(name: string): string | undefined {
  const upper = name.toUpperCase();
  // Accept only exact names: OpenSSL also has words for whole groups of suites, some without encryption.
  if (getCiphers().includes(upper.toLowerCase())) return upper;
  const translated = translate(upper);
  return translated !== undefined && isKnown(translated) ? translated : undefined;
}

function translate(name: string): string | undefined {
  const parts = /^(?:TLS|SSL)_(.+)_WITH_(.+?)(?:_(SHA\d*))?$/.exec(name);
  const exchange = EXCHANGES.get(parts?.[1] ?? '');
  const encryption = ENCRYPTIONS.get(parts?.[2] ?? '');
  if (exchange === undefined || encryption === undefined) return undefined;
  const mac = encryption.hidesMac || parts?.[3] === undefined ? '' : `-${parts[3]}`;
  return `${exchange}${encryption.name}${mac}`;
}

function isKnown(cipher: string): boolean {
  try {
    createSecureContext({ ciphers: cipher });
    return true;
  } catch {
    // OpenSSL only says that it cannot use the name.
    return false;
  }
}
