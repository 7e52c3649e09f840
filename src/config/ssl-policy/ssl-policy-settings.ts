import { isAbsolute, join, resolve } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import type { ClientConfig } from '../neo4j-conf.ts';
import { listOf, oneOf, parseBoolean, parseText } from '../setting-values.ts';
import { type Setting, settings } from '../settings.ts';
import type { ClientAuth, TlsVersion } from './ssl-policy.ts';
import { findCipher } from './ssl-policy-ciphers.ts';

/** In ascending order. */
const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

/** The policy name that stands for the connectors' key pair and must not be defined. */
const LEGACY = 'legacy';

/** A file or directory of a policy, with the setting that names it. */
export interface PolicyPath {
  readonly path: string;
  readonly setting: string;
}

/** The parsed settings of one policy, with absolute paths (docs/tls.md). */
export interface SslPolicySettings {
  readonly name: string;
  readonly baseDirectory: PolicyPath;
  readonly privateKey: PolicyPath;
  readonly publicCertificate: PolicyPath;
  readonly trustedDirectory: PolicyPath;
  readonly revokedDirectory: PolicyPath;
  readonly clientAuth: ClientAuth;
  readonly trustAll: boolean;
  readonly tlsVersions: readonly TlsVersion[];
  readonly ciphers: readonly string[] | undefined;
  readonly allowKeyGeneration: boolean;
  readonly verifyHostname: boolean;
}

/** @throws GraphkeepError `config` with the name of the first setting that is missing or bad. */
export function readSslPolicySettings(config: ClientConfig, name: string): SslPolicySettings {
  if (name === LEGACY) return legacySettings(config);
  const read = new PolicyReader(config, name);
  const baseDirectory = read.baseDirectory();
  read.refusePassword();
  return {
    name,
    baseDirectory,
    privateKey: read.path('private_key', 'private.key'),
    publicCertificate: read.path('public_certificate', 'public.crt'),
    trustedDirectory: read.path('trusted_dir', 'trusted'),
    revokedDirectory: read.path('revoked_dir', 'revoked'),
    clientAuth: read.value('client_auth', 'REQUIRE', oneOf('NONE', 'OPTIONAL', 'REQUIRE')),
    trustAll: read.value('trust_all', 'false', parseBoolean),
    tlsVersions: read.value('tls_versions', 'TLSv1.2', parseTlsVersions),
    ciphers: read.value('ciphers', '', parseCiphers),
    allowKeyGeneration: read.value('allow_key_generation', 'false', parseBoolean),
    verifyHostname: read.value('verify_hostname', 'false', parseBoolean),
  };
}

class PolicyReader {
  private readonly config: ClientConfig;
  private readonly group: string;
  private base = '';

  constructor(config: ClientConfig, name: string) {
    this.config = config;
    this.group = `dbms.ssl.policy.${name}`;
  }

  baseDirectory(): PolicyPath {
    const setting = `${this.group}.base_directory`;
    const text = this.config.text(setting);
    if (text === undefined || text === '') {
      throw new GraphkeepError('config', `Missing mandatory setting: ${setting}`, {
        ...this.config.placeOf(settings.backupSslPolicy.name),
        hint: `Set ${setting} to the directory with the key and the certificates, or correct the name of the policy in dbms.backup.ssl_policy.`,
      });
    }
    this.base = resolve(this.config.home, text);
    return { path: this.base, setting };
  }

  /** No 3.x server can use a key that needs a password. */
  refusePassword(): void {
    const setting = `${this.group}.private_key_password`;
    if ((this.config.text(setting) ?? '') === '') return;
    throw new GraphkeepError(
      'config',
      `Setting '${setting}' must not be set: encrypted private keys are not supported`,
      {
        ...this.config.placeOf(setting),
        hint: 'Decrypt the private key (openssl pkcs8 -in encrypted.key -out private.key), protect the file by its permissions, and remove the setting.',
      },
    );
  }

  /** As on servers, only the base directory may be relative. */
  path(suffix: string, standard: string): PolicyPath {
    const setting = `${this.group}.${suffix}`;
    const text = this.config.text(setting) ?? '';
    if (text === '') return { path: join(this.base, standard), setting };
    if (isAbsolute(text)) return { path: text, setting };
    throw new GraphkeepError('config', `Bad value '${text}' for setting '${setting}': paths must be absolute`, {
      ...this.config.placeOf(setting),
      hint: `Write the whole path. Only ${this.group}.base_directory may be relative, to NEO4J_HOME.`,
    });
  }

  value<T>(suffix: string, standard: string, parse: (text: string) => T): T {
    const setting: Setting<T> = {
      name: `${this.group}.${suffix}`,
      default: standard,
      form: '',
      parse,
      meaning: '',
    };
    return this.config.get(setting);
  }
}

function parseTlsVersions(text: string): TlsVersion[] {
  const wanted = listOf(oneOf(...TLS_VERSIONS))(text);
  if (wanted.length === 0) throw new GraphkeepError('usage', 'must name at least one version');
  return TLS_VERSIONS.filter((version) => wanted.includes(version));
}

function parseCiphers(text: string): string[] | undefined {
  const names = listOf(parseText)(text);
  if (names.length === 0) return undefined;
  return names.map((name) => {
    const cipher = findCipher(name);
    if (cipher === undefined) throw new GraphkeepError('usage', `cipher suite '${name}' is not available here`);
    return cipher;
  });
}

/** The connectors' key pair; any peer is trusted. */
function legacySettings(config: ClientConfig): SslPolicySettings {
  if (config.text(`dbms.ssl.policy.${LEGACY}.base_directory`) !== undefined) {
    throw new GraphkeepError('config', `The policy name '${LEGACY}' is reserved`, {
      observed: `dbms.ssl.policy.${LEGACY}.base_directory`,
      hint: 'Give the policy another name.',
    });
  }
  const setting = 'dbms.directories.certificates';
  const base = resolve(config.home, config.text(setting) || 'certificates');
  return {
    name: LEGACY,
    baseDirectory: { path: base, setting },
    privateKey: { path: join(base, 'neo4j.key'), setting },
    publicCertificate: { path: join(base, 'neo4j.cert'), setting },
    trustedDirectory: { path: join(base, 'trusted'), setting },
    revokedDirectory: { path: join(base, 'revoked'), setting },
    clientAuth: 'NONE',
    trustAll: true,
    tlsVersions: ['TLSv1.2'],
    ciphers: undefined,
    allowKeyGeneration: false,
    verifyHostname: false,
  };
}
