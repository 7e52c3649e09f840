import { webcrypto } from 'node:crypto';
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { makeDirectory, syncDirectory } from '../../base/durable-files.ts';
import { unusable } from './ssl-policy-files.ts';
import type { PolicyPath, SslPolicySettings } from './ssl-policy-settings.ts';

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

const VALID_YEARS = 10;

/** Tolerates peers whose clocks are wrong by less than this. */
const VALID_BEFORE_MS = 24 * 3600 * 1000;

/**
 * Makes a self-signed RSA key pair for this host and the directories of the policy. Only the owner can read the key. Never replaces a file.
 */
export async function generateKeyPair(settings: SslPolicySettings): Promise<void> {
  const { key, certificate } = await makeKeyPair();
  await makeDirectory(settings.trustedDirectory.path);
  await makeDirectory(settings.revokedDirectory.path);
  await writeNewFile(settings.privateKey, key, 0o600);
  await writeNewFile(settings.publicCertificate, certificate, 0o644);
}

async function makeKeyPair(): Promise<{ key: string; certificate: string }> {
  // Loaded on demand: commands without TLS, or with existing files, should not wait for it. The polyfill must come first.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const host = hostname();
  const notAfter = new Date();
  notAfter.setFullYear(notAfter.getFullYear() + VALID_YEARS);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [host] }],
    notBefore: new Date(Date.now() - VALID_BEFORE_MS),
    notAfter,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: host },
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { key: x509.PemConverter.encode(key, 'PRIVATE KEY'), certificate: certificate.toString('pem') };
}

async function writeNewFile(place: PolicyPath, content: string, mode: number): Promise<void> {
  try {
    await makeDirectory(dirname(place.path));
    const file = await open(place.path, 'wx', mode);
    try {
      await file.writeFile(`${content}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await syncDirectory(dirname(place.path));
  } catch (cause) {
    throw unusable(place, 'the file cannot be made', { cause });
  }
}
