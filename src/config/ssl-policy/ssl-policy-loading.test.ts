import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { layOutPolicy, removePolicyHomes, TestIdentity } from '../../../test/support/corpus/test-certificates.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { ClientConfig } from '../neo4j-conf.ts';
import { loadSslPolicy } from './ssl-policy-loading.ts';

const PREFIX = 'dbms.ssl.policy.backup.';

let authority: TestIdentity;
let identity: TestIdentity;
let rsa: TestIdentity;

beforeAll(async () => {
  authority = await TestIdentity.authority('authority');
  identity = await authority.issue('me');
  rsa = await authority.issue('rsa', { key: 'RSA' });
});

afterEach(removePolicyHomes);

function layOut(policySettings: Record<string, string> = {}) {
  return layOutPolicy({ identity, trusted: [authority.pem] }, policySettings);
}

async function failureOf(config: ClientConfig, name = 'backup'): Promise<GraphkeepError> {
  const error = await loadSslPolicy(config, name).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GraphkeepError)) throw new Error(`no GraphkeepError but ${error}`);
  expect(error.code).toBe('config');
  expect(error.hint.length).toBeGreaterThan(20);
  return error;
}

test('the defaults are mutual authentication, TLS 1.2 and the ciphers of Node', async () => {
  const policy = await loadSslPolicy(layOut().config, 'backup');
  expect(policy).toMatchObject({
    name: 'backup',
    clientAuth: 'REQUIRE',
    trustAll: false,
    tlsVersions: ['TLSv1.2'],
    ciphers: undefined,
    verifyHostname: false,
    revocationLists: [],
    notices: [],
  });
  expect(policy.certificates.map(({ subject }) => subject)).toEqual(['CN=me']);
  expect(policy.trusted.map(({ subject }) => subject)).toEqual(['CN=authority']);
  expect(policy.certificates[0]!.checkPrivateKey(policy.privateKey)).toBe(true);
});

test('every setting is read', async () => {
  const list = await authority.revoke([]);
  const { config, directory } = layOut();
  for (const name of ['t', 'r']) mkdirSync(join(directory, name));
  writeFileSync(join(directory, 't/ca'), authority.der);
  writeFileSync(join(directory, 'r/list'), list.der);
  writeFileSync(join(directory, 'k'), rsa.keyPem);
  writeFileSync(join(directory, 'c'), rsa.pem);
  const texts = {
    private_key: join(directory, 'k'),
    public_certificate: join(directory, 'c'),
    trusted_dir: join(directory, 't'),
    revoked_dir: join(directory, 'r'),
    client_auth: 'OPTIONAL',
    tls_versions: 'TLSv1.3, TLSv1.2',
    ciphers: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_AES_256_GCM_SHA384',
    verify_hostname: 'true',
  };
  const named = Object.entries(texts).map(([name, value]) => [`${PREFIX}${name}`, value] as const);
  expect(await loadSslPolicy(config.with(named), 'backup')).toMatchObject({
    clientAuth: 'OPTIONAL',
    tlsVersions: ['TLSv1.2', 'TLSv1.3'],
    ciphers: ['ECDHE-RSA-AES256-GCM-SHA384', 'TLS_AES_256_GCM_SHA384'],
    verifyHostname: true,
    certificates: [{ subject: 'CN=rsa' }],
    revocationLists: [`${list.pem}\n`],
  });
});

test.each([
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ECDHE-ECDSA-AES256-SHA384'],
  ['TLS_DHE_RSA_WITH_AES_128_CBC_SHA', 'DHE-RSA-AES128-SHA'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA256', 'AES128-SHA256'],
  ['SSL_RSA_WITH_AES_256_CBC_SHA', 'AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_RSA_WITH_AES_128_CCM', 'AES128-CCM'],
  ['TLS_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
  ['ecdhe-rsa-aes256-gcm-sha384', 'ECDHE-RSA-AES256-GCM-SHA384'],
])('cipher suite %s is %s', async (name, expected) => {
  const policy = await loadSslPolicy(layOut({ ciphers: name }).config, 'backup');
  expect(policy.ciphers).toEqual([expected]);
});

test.each([
  ['client_auth', 'ALWAYS', 'must be one of [NONE, OPTIONAL, REQUIRE]'],
  ['trust_all', 'yes', "must be 'true' or 'false'"],
  ['tls_versions', 'SSLv3', 'must be one of [TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]'],
  ['tls_versions', ' ', 'must name at least one version'],
  ['ciphers', 'HIGH', "cipher suite 'HIGH' is not available here"],
  ['ciphers', 'ECDHE-RSA-AES256-GCM-SHA384, TLS_DH_anon_WITH_AES_128_CBC_SHA', 'is not available here'],
  ['ciphers', 'TLS_RSA_WITH_RC4_128_MD5', "cipher suite 'TLS_RSA_WITH_RC4_128_MD5' is not available here"],
  ['verify_hostname', '1', "must be 'true' or 'false'"],
  ['allow_key_generation', 'maybe', "must be 'true' or 'false'"],
  ['private_key', 'sub/private.key', 'paths must be absolute'],
  ['trusted_dir', 'sub', 'paths must be absolute'],
])('%s=%s is a bad value', async (name, value, reason) => {
  const error = await failureOf(layOut({ [name]: value }).config);
  expect(error.message).toContain(`Bad value '${value.trim()}' for setting '${PREFIX}${name}'`);
  expect(error.message).toContain(reason);
});

test('an undefined policy is reported by its missing base directory', async () => {
  const error = await failureOf(layOut().config, 'other');
  expect(error.message).toBe('Missing mandatory setting: dbms.ssl.policy.other.base_directory');
});

test('a password for the key is refused, as by servers', async () => {
  expect((await failureOf(layOut({ private_key_password: 'x' }).config)).message).toContain(
    `${PREFIX}private_key_password`,
  );
});

describe('files', () => {
  /** Damages the files of a policy, then loads it. The error must name the setting and the path. */
  async function failureAfter(
    damage: (directory: string) => void,
    setting: string,
    path: string,
    policySettings: Record<string, string> = {},
  ): Promise<GraphkeepError> {
    const { config, directory } = layOut(policySettings);
    damage(directory);
    const error = await failureOf(config);
    expect(error.message).toContain(`'${PREFIX}${setting}'`);
    expect(error.place?.file).toBe(join(directory, path));
    return error;
  }

  test.each([
    ['base_directory', '', 'directory does not exist'],
    ['private_key', 'private.key', 'file with the private key does not exist'],
    ['public_certificate', 'public.crt', 'file with the certificate does not exist'],
    ['trusted_dir', 'trusted', 'directory does not exist'],
    ['revoked_dir', 'revoked', 'directory does not exist'],
  ])('%s may not be missing', async (setting, path, reason) => {
    const remove = (directory: string) => rmSync(join(directory, path), { recursive: true });
    expect((await failureAfter(remove, setting, path)).message).toContain(reason);
  });

  test.each([
    ['private_key', 'private.key', 'the file holds no private key'],
    ['public_certificate', 'public.crt', 'the file holds no certificate'],
    ['trusted_dir', 'trusted/0.pem', 'the file holds no certificate'],
    ['revoked_dir', 'revoked/x', 'the file holds no list of revoked certificates'],
  ])('%s may not hold something else', async (setting, path, reason) => {
    for (const content of ['', 'something else', '-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n']) {
      const write = (directory: string) => writeFileSync(join(directory, path), content);
      expect((await failureAfter(write, setting, path)).message).toContain(reason);
    }
  });

  test.each([
    ['private_key', 'private.key', 'PRIVATE KEY'],
    ['public_certificate', 'public.crt', 'CERTIFICATE'],
    ['trusted_dir', 'trusted/0.pem', 'CERTIFICATE'],
    ['revoked_dir', 'revoked/x', 'X509 CRL'],
  ])('%s may not be damaged, in PEM or DER', async (setting, path, label) => {
    const body = Buffer.concat([Buffer.from([0x30, 0x82, 1, 0]), Buffer.alloc(50, 7)]);
    const pem = `-----BEGIN ${label}-----\n${body.toString('base64')}\n-----END ${label}-----\n`;
    for (const content of [pem, body, Buffer.from([0x30]), Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])]) {
      await failureAfter((directory) => writeFileSync(join(directory, path), content), setting, path);
    }
  });

  test('the key must be the one of the certificate', async () => {
    const replace = (directory: string) => writeFileSync(join(directory, 'private.key'), rsa.keyPem);
    const error = await failureAfter(replace, 'public_certificate', 'public.crt');
    expect(error.message).toContain('does not belong to the private key');
    expect(error.observed).toContain('CN=me');
    expect(error.observed).toContain('private.key');
  });

  test('an encrypted key is refused', async () => {
    const key = createPrivateKey(rsa.keyPem);
    const secret = { cipher: 'aes-256-cbc', passphrase: 'x' };
    for (const type of ['pkcs8', 'pkcs1'] as const) {
      const pem = key.export({ type, format: 'pem', ...secret });
      const write = (directory: string) => writeFileSync(join(directory, 'private.key'), pem);
      expect((await failureAfter(write, 'private_key', 'private.key')).message).toContain('encrypted');
    }
  });

  test('a DSA key is refused', async () => {
    const { privateKey } = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const write = (directory: string) => writeFileSync(join(directory, 'private.key'), pem);
    expect((await failureAfter(write, 'private_key', 'private.key')).observed).toBe('DSA');
  });

  test('trusting nobody is an error only if certificates are required', async () => {
    const empty = (directory: string) => rmSync(join(directory, 'trusted/0.pem'));
    expect((await failureAfter(empty, 'trusted_dir', 'trusted')).message).toContain('no certificate to trust');
    for (const policySettings of [{ client_auth: 'OPTIONAL' }, { client_auth: 'NONE' }, { trust_all: 'true' }]) {
      const { config, directory } = layOut(policySettings);
      empty(directory);
      expect((await loadSslPolicy(config, 'backup')).trusted).toEqual([]);
    }
  });

  test('with trust_all the directories need not exist', async () => {
    const { config, directory } = layOut({ trust_all: 'true' });
    for (const name of ['trusted', 'revoked']) rmSync(join(directory, name), { recursive: true });
    expect((await loadSslPolicy(config, 'backup')).trustAll).toBe(true);
  });

  test('keys in all forms are read', async () => {
    const key = createPrivateKey(rsa.keyPem);
    const ec = createPrivateKey(identity.keyPem);
    const forms = [
      [rsa, key.export({ type: 'pkcs8', format: 'pem' })],
      [rsa, key.export({ type: 'pkcs8', format: 'der' })],
      [rsa, key.export({ type: 'pkcs1', format: 'pem' })],
      [rsa, key.export({ type: 'pkcs1', format: 'der' })],
      [identity, ec.export({ type: 'pkcs8', format: 'der' })],
      [identity, ec.export({ type: 'sec1', format: 'pem' })],
      [identity, ec.export({ type: 'sec1', format: 'der' })],
    ] as const;
    for (const [owner, content] of forms) {
      const { config, directory } = layOutPolicy({ identity: owner, trusted: [authority.pem] });
      writeFileSync(join(directory, 'private.key'), content);
      writeFileSync(join(directory, 'public.crt'), owner.der);
      expect((await loadSslPolicy(config, 'backup')).privateKey.equals(createPrivateKey(owner.keyPem))).toBe(true);
    }
  });

  test('a file may hold several certificates, text around them, or consecutive DER; directories are ignored', async () => {
    const second = await TestIdentity.authority('second');
    const third = await TestIdentity.authority('third');
    const trusted = [
      `subject: authority\n${authority.pem}\r\nsubject: second\r\n${second.pem.replaceAll('\n', '\r\n')}`,
      Buffer.concat([third.der, second.der]),
    ];
    const { config, directory } = layOutPolicy({ identity, trusted });
    mkdirSync(join(directory, 'trusted/..data'));
    const policy = await loadSslPolicy(config, 'backup');
    expect(policy.trusted.map(({ subject }) => subject)).toEqual([
      'CN=authority',
      'CN=second',
      'CN=third',
      'CN=second',
    ]);
  });

  test('expired certificates are reported, not refused', async () => {
    const late = await authority.issue('late', { fromDays: -9, toDays: -1 });
    const early = await TestIdentity.authority('early', { fromDays: 1 });
    const { config, directory } = layOutPolicy({ identity: late, trusted: [early.pem] });
    const { notices } = await loadSslPolicy(config, 'backup');
    expect(notices).toEqual([
      {
        kind: 'certificate-expired',
        subject: 'CN=late',
        path: join(directory, 'public.crt'),
        setting: 'dbms.ssl.policy.backup.public_certificate',
        validTo: new X509Certificate(late.pem).validTo,
      },
      {
        kind: 'certificate-not-yet-valid',
        subject: 'CN=early',
        path: join(directory, 'trusted', '0.pem'),
        setting: 'dbms.ssl.policy.backup.trusted_dir',
        validFrom: new X509Certificate(early.pem).validFrom,
      },
    ]);
  });
});

describe('key generation', () => {
  const generating = { allow_key_generation: 'true', client_auth: 'NONE' };

  test('key generation makes a pair that can be loaded again, and the directories', async () => {
    const { config, directory } = layOutPolicy({}, generating);
    for (const name of ['trusted', 'revoked']) rmSync(join(directory, name), { recursive: true });
    const made = await loadSslPolicy(config, 'backup');
    expect(made.notices).toEqual([
      { kind: 'key-pair-made', policy: 'backup', certificate: join(directory, 'public.crt') },
    ]);
    expect(made.privateKey).toMatchObject({ asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 2048 } });
    expect(statSync(join(directory, 'private.key')).mode & 0o777).toBe(0o600);
    const again = await loadSslPolicy(config, 'backup');
    expect(again.notices).toEqual([]);
    expect(again.certificates[0]!.fingerprint256).toBe(made.certificates[0]!.fingerprint256);
    expect(again.certificates[0]!.checkHost('localhost')).toBe('localhost');
    expect(again.certificates[0]!.verify(again.certificates[0]!.publicKey)).toBe(true);
  });

  test('key generation does nothing if one of the two files exists', async () => {
    const { config, directory } = layOutPolicy({}, generating);
    writeFileSync(join(directory, 'public.crt'), identity.pem);
    expect((await failureOf(config)).message).toContain('file with the private key does not exist');
    expect(readFileSync(join(directory, 'public.crt'), 'utf8')).toBe(identity.pem);
  });

  test('key generation does nothing unless it is allowed, and never makes a base directory', async () => {
    expect((await failureOf(layOutPolicy({}).config)).message).toContain('file with the private key does not exist');
    const { config, directory } = layOutPolicy({}, generating);
    rmSync(directory, { recursive: true });
    expect((await failureOf(config)).message).toContain('directory does not exist');
  });

  test('key generation reports where it could not write', async () => {
    const { config, directory } = layOutPolicy({}, generating);
    const privateKey = join(directory, 'file/private.key');
    writeFileSync(join(directory, 'file'), '');
    const error = await failureOf(config.with([[`${PREFIX}private_key`, privateKey]]));
    expect(error).toMatchObject({ place: { file: privateKey }, message: expect.stringContaining('cannot be made') });
  });
});

describe('the policy legacy', () => {
  test('the policy "legacy" is the key pair of the connectors, and trusts anyone', async () => {
    const { config } = layOut();
    const certificates = join(config.home, 'certificates');
    mkdirSync(certificates);
    writeFileSync(join(certificates, 'neo4j.key'), identity.keyPem);
    writeFileSync(join(certificates, 'neo4j.cert'), identity.pem);
    expect(await loadSslPolicy(config, 'legacy')).toMatchObject({ trustAll: true, clientAuth: 'NONE', name: 'legacy' });
  });

  test('the policy "legacy" may not be defined, and needs its files', async () => {
    const { config } = layOut();
    const error = await failureOf(config, 'legacy');
    expect(error.message).toContain("'dbms.directories.certificates'");
    const defined = config.with([['dbms.ssl.policy.legacy.base_directory', 'certs']]);
    expect((await failureOf(defined, 'legacy')).message).toContain('reserved');
  });
});

test.runIf(process.platform !== 'win32')('a private key that everybody can read is reported', async () => {
  const { config, directory } = layOut();
  const key = join(directory, 'private.key');
  chmodSync(key, 0o644);
  const { notices } = await loadSslPolicy(config, 'backup');
  expect(notices).toEqual([{ kind: 'private-key-readable', path: key, setting: 'dbms.ssl.policy.backup.private_key' }]);
  chmodSync(key, 0o640);
  expect((await loadSslPolicy(config, 'backup')).notices).toEqual([]);
});
