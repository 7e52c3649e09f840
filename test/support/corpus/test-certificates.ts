import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { ClientConfig } from '../../../src/config/neo4j-conf.ts';

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

const DAY_MS = 24 * 3600 * 1000;

interface CertificateOptions {
  /** Days relative to now; default -1 and 30. */
  fromDays?: number;
  toDays?: number;
  /** Host names and addresses. */
  names?: string[];
  isAuthority?: boolean;
  key?: 'EC' | 'RSA';
  usage?: x509.ExtendedKeyUsage;
}

let lastSerial = 0x1000;

/** A key with its certificate; as an authority it issues others and revokes them. */
export class TestIdentity {
  readonly certificate: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
  readonly issuer: TestIdentity | undefined;
  private readonly keyBytes: Buffer;

  private constructor(
    certificate: x509.X509Certificate,
    keys: CryptoKeyPair,
    keyBytes: Buffer,
    issuer: TestIdentity | undefined,
  ) {
    this.certificate = certificate;
    this.keys = keys;
    this.keyBytes = keyBytes;
    this.issuer = issuer;
  }

  static authority(name: string, options: CertificateOptions = {}): Promise<TestIdentity> {
    return TestIdentity.make(name, { ...options, isAuthority: true });
  }

  static selfSigned(name: string, options: CertificateOptions = {}): Promise<TestIdentity> {
    return TestIdentity.make(name, options);
  }

  issue(name: string, options: CertificateOptions = {}): Promise<TestIdentity> {
    return TestIdentity.make(name, options, this);
  }

  /** Its certificate revocation list. */
  async revoke(identities: TestIdentity[], { toDays = 30 } = {}): Promise<{ pem: string; der: Buffer }> {
    const list = await x509.X509CrlGenerator.create({
      issuer: this.certificate.subject,
      thisUpdate: new Date(Date.now() - 2 * DAY_MS),
      nextUpdate: new Date(Date.now() + toDays * DAY_MS),
      entries: identities.map(({ certificate }) => ({
        serialNumber: certificate.serialNumber,
        revocationDate: new Date(Date.now() - DAY_MS),
      })),
      signingAlgorithm: this.keys.privateKey.algorithm.name === EC.name ? EC : RSA,
      signingKey: this.keys.privateKey,
    });
    return { pem: list.toString('pem').replaceAll(' CRL-', ' X509 CRL-'), der: Buffer.from(list.rawData) };
  }

  get pem(): string {
    return `${this.certificate.toString('pem')}\n`;
  }

  get der(): Buffer {
    return Buffer.from(this.certificate.rawData);
  }

  /** Its certificate, then those of its issuers without the last. */
  get chainPem(): string {
    const { issuer } = this;
    return issuer?.issuer === undefined ? this.pem : this.pem + issuer.chainPem;
  }

  get keyPem(): string {
    return `${x509.PemConverter.encode(this.keyBytes, 'PRIVATE KEY')}\n`;
  }

  get keyDer(): Buffer {
    return this.keyBytes;
  }

  private static async make(
    name: string,
    { fromDays = -1, toDays = 30, names, isAuthority = false, key = 'EC', usage }: CertificateOptions,
    issuer?: TestIdentity,
  ): Promise<TestIdentity> {
    const algorithm = key === 'EC' ? EC : RSA;
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
    const signer = issuer?.keys ?? keys;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: (++lastSerial).toString(16),
      subject: `CN=${name}`,
      issuer: issuer?.certificate.subject ?? `CN=${name}`,
      notBefore: new Date(Date.now() + fromDays * DAY_MS),
      notAfter: new Date(Date.now() + toDays * DAY_MS),
      publicKey: keys.publicKey,
      signingKey: signer.privateKey,
      signingAlgorithm: signer.privateKey.algorithm.name === EC.name ? EC : RSA,
      extensions: [
        new x509.BasicConstraintsExtension(isAuthority, undefined, true),
        ...(names === undefined ? [] : [new x509.SubjectAlternativeNameExtension(names.map(toGeneralName))]),
        ...(usage === undefined ? [] : [new x509.ExtendedKeyUsageExtension([usage])]),
      ],
    });
    const keyBytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    return new TestIdentity(certificate, keys, keyBytes, issuer);
  }
}

type CryptoKeyPair = webcrypto.CryptoKeyPair;

function toGeneralName(value: string): { type: 'ip' | 'dns'; value: string } {
  return { type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value };
}

const homes: string[] = [];

/** Removes every home that {@link layOutPolicy} has made. */
export function removePolicyHomes(): void {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
}

export interface PolicyFiles {
  identity?: TestIdentity;
  trusted?: (string | Buffer)[];
  revoked?: (string | Buffer)[];
}

/**
 * A home with the files of a policy `backup` in `certs`, and its configuration with more settings of the policy, given without their
 * prefix.
 */
export function layOutPolicy(
  { identity, trusted, revoked = [] }: PolicyFiles,
  policySettings: Record<string, string> = {},
): { config: ClientConfig; directory: string } {
  const home = mkdtempSync(join(tmpdir(), 'graphkeep-tls-'));
  homes.push(home);
  const directory = join(home, 'certs');
  for (const [name, files] of [
    ['trusted', trusted],
    ['revoked', revoked],
  ] as const) {
    mkdirSync(join(directory, name), { recursive: true });
    files?.forEach((content, index) => {
      writeFileSync(join(directory, name, `${index}.pem`), content);
    });
  }
  if (identity !== undefined) {
    writeFileSync(join(directory, 'private.key'), identity.keyPem, { mode: 0o600 });
    writeFileSync(join(directory, 'public.crt'), identity.chainPem);
  }
  const texts = Object.entries({ base_directory: 'certs', ...policySettings });
  const config = new ClientConfig(
    home,
    new Map(texts.map(([name, value]) => [`dbms.ssl.policy.backup.${name}`, value])),
  );
  return { config, directory };
}
