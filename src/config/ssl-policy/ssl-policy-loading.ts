import type { KeyObject, X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { statIfExists } from '../../base/durable-files.ts';
import type { ClientConfig } from '../neo4j-conf.ts';
import type { PolicyNotice, SslPolicy } from './ssl-policy.ts';
import {
  listPolicyDirectory,
  readCertificates,
  readPrivateKey,
  readRevocationLists,
  unusable,
} from './ssl-policy-files.ts';
import { generateKeyPair } from './ssl-policy-key-generation.ts';
import { type PolicyPath, readSslPolicySettings, type SslPolicySettings } from './ssl-policy-settings.ts';

/**
 * Reads a TLS policy with all its files and checks everything that needs no peer (docs/tls.md). If both key and certificate are missing and
 * the policy allows it, makes them and the directories.
 * @throws GraphkeepError `config` for the first wrong setting or file, with the name of the setting and the path
 */
export async function loadSslPolicy(config: ClientConfig, name: string): Promise<SslPolicy> {
  const settings = readSslPolicySettings(config, name);
  await requireDirectory(settings.baseDirectory);
  const notices: PolicyNotice[] = [];
  if (await mustMakeKeyPair(settings)) {
    await generateKeyPair(settings);
    notices.push({ kind: 'key-pair-made', policy: name, certificate: settings.publicCertificate.path });
  }
  const privateKey = await readPrivateKey(settings.privateKey);
  await noteOpenKey(settings.privateKey, notices);
  const certificates = await readCertificates(settings.publicCertificate);
  requireMatch(settings, privateKey, certificates[0]!);
  noteDates(settings.publicCertificate, certificates, notices);
  const trusted = settings.trustAll ? [] : await readTrusted(settings, notices);
  return {
    name,
    privateKey,
    certificates,
    trusted,
    revocationLists: settings.trustAll ? [] : await readRevoked(settings),
    clientAuth: settings.clientAuth,
    trustAll: settings.trustAll,
    tlsVersions: settings.tlsVersions,
    ciphers: settings.ciphers,
    verifyHostname: settings.verifyHostname,
    notices,
  };
}

async function requireDirectory(place: PolicyPath): Promise<void> {
  const stats = await stat(place.path).catch((cause: unknown) => {
    throw unusable(place, 'the directory does not exist', {
      cause,
      hint: 'Create the directory, or correct the setting.',
    });
  });
  if (!stats.isDirectory()) throw unusable(place, 'this is not a directory');
}

/** One alone is no reason to generate a pair: the other one is missing by mistake. */
export async function mustMakeKeyPair({
  allowKeyGeneration,
  privateKey,
  publicCertificate,
}: SslPolicySettings): Promise<boolean> {
  if (!allowKeyGeneration) return false;
  const found = await Promise.all([privateKey, publicCertificate].map(({ path }) => statIfExists(path)));
  return found.every((stats) => stats === undefined);
}

function requireMatch(settings: SslPolicySettings, key: KeyObject, certificate: X509Certificate): void {
  if (certificate.checkPrivateKey(key)) return;
  throw unusable(settings.publicCertificate, 'the certificate does not belong to the private key', {
    observed: `${nameOf(certificate)}, key ${settings.privateKey.path}`,
    hint: `The first certificate of the file must be the one for the key of ${settings.privateKey.setting}; those of its issuers follow.`,
  });
}

async function readTrusted(settings: SslPolicySettings, notices: PolicyNotice[]): Promise<X509Certificate[]> {
  const trusted: X509Certificate[] = [];
  for (const place of await listPolicyDirectory(settings.trustedDirectory)) {
    const certificates = await readCertificates(place);
    noteDates(place, certificates, notices);
    trusted.push(...certificates);
  }
  if (trusted.length === 0 && settings.clientAuth === 'REQUIRE') {
    throw unusable(settings.trustedDirectory, 'no certificate to trust is in the directory', {
      hint: 'Put the certificates of the peers, or those of their issuers, into the directory; or set client_auth or trust_all of the policy.',
    });
  }
  return trusted;
}

async function readRevoked(settings: SslPolicySettings): Promise<string[]> {
  const lists: string[] = [];
  for (const place of await listPolicyDirectory(settings.revokedDirectory)) {
    lists.push(...(await readRevocationLists(place)));
  }
  return lists;
}

/** A key that others can read is no longer secret. Group access may be intended: for a service, or a mounted secret. */
async function noteOpenKey({ path, setting }: PolicyPath, notices: PolicyNotice[]): Promise<void> {
  const info = await statIfExists(path);
  if (process.platform === 'win32' || info === undefined || (info.mode & 0o004) === 0) return;
  notices.push({ kind: 'private-key-readable', path, setting });
}

/** An expired certificate may still do: for a peer that does not ask for one, or that trusts anyone. So this is a notice, not an error. */
function noteDates(
  { path, setting }: PolicyPath,
  certificates: readonly X509Certificate[],
  notices: PolicyNotice[],
): void {
  const now = Date.now();
  for (const certificate of certificates) {
    const { validFrom, validTo } = certificate;
    const where = { subject: nameOf(certificate), path, setting };
    if (Date.parse(validTo) < now) notices.push({ kind: 'certificate-expired', ...where, validTo });
    else if (Date.parse(validFrom) > now) notices.push({ kind: 'certificate-not-yet-valid', ...where, validFrom });
  }
}

function nameOf(certificate: X509Certificate): string {
  return certificate.subject?.replaceAll('\n', ', ') || `serial number ${certificate.serialNumber}`;
}
