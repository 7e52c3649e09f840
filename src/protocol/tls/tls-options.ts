import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { SslPolicy, TlsVersion } from '../../config/ssl-policy/ssl-policy.ts';

const EXCLUSIONS: Record<TlsVersion, number> = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  'TLSv1.1': constants.SSL_OP_NO_TLSv1_1,
  'TLSv1.2': constants.SSL_OP_NO_TLSv1_2,
  'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
};

/** A policy in the form of Node's options, for both roles. Peers are checked afterwards (`peer-judgement.ts`). */
export function contextOptions(policy: SslPolicy): SecureContextOptions {
  const { tlsVersions, ciphers } = policy;
  const crl = [...policy.revocationLists];
  return {
    key: policy.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: policy.certificates.map(String).join(''),
    // Set even if empty, or Node would use the system's trust anchors.
    ca: policy.trusted.map(String),
    ...(crl.length === 0 ? {} : { crl }),
    // As in Java, a certificate in trusted_dir is trusted whoever issued it.
    allowPartialTrustChain: true,
    minVersion: tlsVersions[0]!,
    maxVersion: tlsVersions.at(-1)!,
    secureOptions: excludeOthers(tlsVersions),
    ciphers: cipherList(ciphers, tlsVersions),
    dhparam: 'auto',
  };
}

function excludeOthers(versions: readonly TlsVersion[]): number {
  let options = 0;
  for (const [version, exclusion] of Object.entries(EXCLUSIONS)) {
    if (!versions.includes(version as TlsVersion)) options |= exclusion;
  }
  return options;
}

/** TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL allows only at its lowest security level. They are offered only on request. */
function cipherList(ciphers: readonly string[] | undefined, versions: readonly TlsVersion[]): string {
  const list = ciphers?.join(':') ?? constants.defaultCipherList;
  return versions.includes('TLSv1') || versions.includes('TLSv1.1') ? `${list}:@SECLEVEL=0` : list;
}
