import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  armor,
  Decrypter,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from 'age-encryption';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { ageVectors } from '../../../../test/support/age/age-vectors.ts';
import type { ErrorCode } from '../../../base/error-codes.ts';
import { describeError, GraphkeepError } from '../../../base/errors.ts';
import { makeHeader } from '../age/file-header.ts';
import { loadIdentities } from './identities.ts';
import { checkRecipients } from './recipients.ts';
import { readSecret, type SecretSource } from './secret-source.ts';

const directory = mkdtempSync(join(tmpdir(), 'keys-'));
afterAll(() => rmSync(directory, { recursive: true }));

const VARIABLE = 'GRAPHKEEP_TEST_SECRET';
afterEach(() => {
  delete process.env[VARIABLE];
});

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const other = await generateX25519Identity();
const hybrid = await generateHybridIdentity();
const hybridRecipient = await identityToRecipient(hybrid);
const PASSPHRASE = 'correct horse battery staple';

let files = 0;
function fileWith(content: string | Uint8Array): SecretSource & { file: string } {
  const file = join(directory, `secret-${files++}`);
  writeFileSync(file, content);
  return { file };
}

async function protect(content: string, passphrase = PASSPHRASE): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(8);
  return await encrypter.encrypt(content);
}

/** A node program as a command. */
const program = (text: string): SecretSource => ({ command: [process.execPath, '-e', text] });

/** The error of a call, which must show no part of a secret. */
async function failureOf(call: Promise<unknown>, ...secrets: string[]): Promise<GraphkeepError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GraphkeepError);
  let shown = '';
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    shown += `${describeError(cause)} ${cause.stack} ${JSON.stringify(cause)}`;
  }
  for (const secret of [identity, other, hybrid, PASSPHRASE, ...secrets]) {
    expect(shown.toLowerCase()).not.toContain(secret.slice(-10).toLowerCase());
  }
  return error as GraphkeepError;
}

async function codeOf(call: Promise<unknown>, ...secrets: string[]): Promise<ErrorCode> {
  return (await failureOf(call, ...secrets)).code;
}

async function opens(identities: ReturnType<typeof loadIdentities>, ...recipients: string[]): Promise<boolean> {
  const { bytes, fileKey } = await makeHeader(recipients);
  const opened = await (await identities).decryptHeader(bytes).catch(() => new Uint8Array(0));
  return Buffer.from(opened).equals(fileKey);
}

describe('a secret', () => {
  it('a secret is read from a file, an environment variable or a command', async () => {
    process.env[VARIABLE] = 'from the environment';
    const sources = [
      fileWith('from a file\n'),
      { environment: VARIABLE },
      program('process.stdout.write("from a command")'),
    ];
    const read = await Promise.all(sources.map(async (source) => (await readSecret(source)).toString()));
    expect(read).toEqual(['from a file\n', 'from the environment', 'from a command']);
  });

  it('a secret that is not there is told with its place', async () => {
    const missing = await failureOf(readSecret({ file: join(directory, 'missing') }));
    expect([missing.code, missing.place?.file]).toEqual(['repository.key-unreadable', join(directory, 'missing')]);
    expect(await codeOf(readSecret({ file: directory }))).toBe('repository.key-unreadable');
    expect((await failureOf(readSecret({ environment: VARIABLE }))).message).toContain(VARIABLE);
    expect(await codeOf(readSecret({ command: [] }))).toBe('repository.key-unreadable');
    expect(await codeOf(readSecret({ command: [join(directory, 'missing')] }))).toBe('repository.key-unreadable');
  });

  it('a secret of a command that fails is not used, and not shown', async () => {
    const failed = await failureOf(
      readSecret(program('process.stdout.write("half a secret"); process.exit(3)')),
      'half a secret',
    );
    expect([failed.code, failed.observed]).toEqual(['repository.key-unreadable', 'exit code 3']);
    expect(failed.message).not.toContain('-e');
  });

  it('a secret is not waited for longer than the limit', async () => {
    const endless = program('console.log("half a secret"); setInterval(() => {}, 1000)');
    const late = await failureOf(readSecret(endless, { timeoutMs: 300 }), 'half a secret');
    expect(late.message).toMatch(/took too long/);
    const stuck: SecretSource = { command: ['/bin/sh', '-c', 'sleep 2 & sleep 2'] };
    expect(await codeOf(readSecret(stuck, { timeoutMs: 50 }))).toBe('repository.key-unreadable');
  });

  it('a secret is not waited for after an interruption', async () => {
    const abort = new AbortController();
    const reading = readSecret(program('setInterval(() => {}, 1000)'), { signal: abort.signal });
    abort.abort();
    expect(await codeOf(reading)).toBe('cancelled');
    expect(await codeOf(readSecret(fileWith('x'), { signal: abort.signal }))).toBe('cancelled');
  });

  it('a secret without end is refused', async () => {
    expect(await codeOf(readSecret({ file: '/dev/zero' }))).toBe('repository.key-unreadable');
    expect(await codeOf(readSecret({ command: ['/bin/cat', '/dev/zero'] }))).toBe('repository.key-unreadable');
  });
});

describe('identities', () => {
  it('identities are read as age-keygen writes them', async () => {
    const source = fileWith(`# created: 2026-11-30\r\n# public key: ${recipient}\r\n${identity}\r\n\r\n  ${hybrid}\n`);
    expect(await opens(loadIdentities({ identity: source }), recipient)).toBe(true);
    expect(await opens(loadIdentities({ identity: source }), hybridRecipient)).toBe(true);
    expect(await opens(loadIdentities({ identity: source }), await identityToRecipient(other))).toBe(false);
  });

  it('identities that are encrypted with a passphrase are opened, armored or not', async () => {
    const file = await protect(`${identity}\n`);
    for (const content of [file, armor.encode(file), `\n${armor.encode(file)}`]) {
      const passphrase = fileWith(`${PASSPHRASE}\n`);
      expect(await opens(loadIdentities({ identity: fileWith(content), passphrase }), recipient)).toBe(true);
    }
  });

  it('identities that are encrypted are opened once for all of a process', async () => {
    const encrypter = new Encrypter();
    encrypter.setPassphrase(PASSPHRASE);
    encrypter.setScryptWorkFactor(14);
    const source = fileWith(await encrypter.encrypt(identity));
    process.env[VARIABLE] = PASSPHRASE;
    const load = () => loadIdentities({ identity: source, passphrase: { environment: VARIABLE } });
    const decrypt = vi.spyOn(Decrypter.prototype, 'decrypt');
    await load();
    await load();
    expect(decrypt).toHaveBeenCalledOnce();
    decrypt.mockRestore();
    process.env[VARIABLE] = 'another one';
    expect(await codeOf(load())).toBe('repository.passphrase-wrong');
  });

  it('identities that are encrypted need the right passphrase', async () => {
    const source = fileWith(await protect(identity));
    expect(await codeOf(loadIdentities({ identity: source }))).toBe('repository.passphrase-missing');
    for (const wrong of ['', ' ', `${PASSPHRASE} `, PASSPHRASE.toUpperCase()]) {
      const passphrase = fileWith(`${wrong}\n`);
      expect(await codeOf(loadIdentities({ identity: source, passphrase }), wrong.trim() || identity)).toBe(
        'repository.passphrase-wrong',
      );
    }
    const passphrase = fileWith(PASSPHRASE);
    const damaged = Buffer.from(await protect(identity));
    damaged[damaged.length - 1]! ^= 1;
    expect(await codeOf(loadIdentities({ identity: fileWith(damaged), passphrase }))).toBe('repository.key-invalid');
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);
    const forKey = fileWith(await encrypter.encrypt(identity));
    expect(await codeOf(loadIdentities({ identity: forKey, passphrase }))).toBe('repository.key-invalid');
  });

  it('identities with a mistake are refused, and never shown', async () => {
    const mistyped = `${identity.slice(0, -1)}${identity.endsWith('Q') ? 'P' : 'Q'}`;
    const texts = [
      '',
      '# nothing\n',
      'no key at all',
      identity.toLowerCase(),
      mistyped,
      `${identity}\n${hybrid}Q`,
      recipient,
    ];
    texts.push(
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n',
      'AGE-PLUGIN-YUBIKEY-1QYQSZQGP',
      `${identity} ${other}`,
    );
    for (const text of texts) {
      const error = await failureOf(
        loadIdentities({ identity: fileWith(text) }),
        ...(text === '' ? [] : [text.trim()]),
      );
      expect(error.code, text).toBe('repository.key-invalid');
    }
    const second = await failureOf(loadIdentities({ identity: fileWith(`${identity}\n${mistyped}\n`) }), mistyped);
    expect(second.observed).toBe('line 2');
  });

  const encrypted = ageVectors.filter(({ passphrases, isArmored }) => passphrases.length === 1 && !isArmored);
  it.each(encrypted)('the vector $name of age with a passphrase does what it should: $expect', async (vector) => {
    const passphrase = fileWith(vector.passphrases[0]!);
    const error = await failureOf(loadIdentities({ identity: fileWith(vector.file), passphrase }));
    // What is in it are no identities, if it opens.
    const messages = {
      success: /identit(y|ies) .*of age/,
      'no match': /^the passphrase does not open|is not encrypted with a passphrase$/,
      'header failure': /is damaged$/,
    };
    expect(error.message).toMatch(messages[vector.expect as keyof typeof messages]);
  });

  it('armored files with a fault are refused as the vectors of age say', async () => {
    const armored = ageVectors.filter(({ expect: kind }) => kind === 'armor failure');
    expect(armored.length).toBeGreaterThan(15);
    for (const { name, file } of armored) {
      const call = loadIdentities({ identity: fileWith(file), passphrase: fileWith(PASSPHRASE) });
      expect(await codeOf(call), name).toBe('repository.key-invalid');
    }
  });
});

describe('recipients', () => {
  it('recipients of both kinds are accepted, and not together', async () => {
    await checkRecipients([recipient, await identityToRecipient(other)]);
    await checkRecipients([hybridRecipient]);
    expect(await codeOf(checkRecipients([recipient, hybridRecipient]))).toBe('repository.recipient-invalid');
  });

  it('recipients that are none are refused', async () => {
    const mistyped = `${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`;
    const wrong = ['', 'age1', 'ssh-ed25519 AAAA', mistyped, recipient.toUpperCase(), `${recipient}q`, ` ${recipient}`];
    wrong.push(hybridRecipient.slice(0, -1), 'age1yubikey1q0', 'age1tag1q0', identity, hybrid.toLowerCase());
    for (const one of wrong) {
      expect(await codeOf(checkRecipients([recipient, one])), one).toBe('repository.recipient-invalid');
    }
    expect(await codeOf(checkRecipients([]))).toBe('repository.recipient-invalid');
    expect(await codeOf(checkRecipients(Array(21).fill(recipient)))).toBe('repository.recipient-invalid');
  });

  it('recipients whose key gives away the secret are refused', async () => {
    // The point zero, with which every secret is zero.
    const zero = `age1${'q'.repeat(52)}5cu47z`;
    const error = await failureOf(checkRecipients([zero]));
    expect([error.code, error.message]).toEqual([
      'repository.recipient-invalid',
      'a recipient is not a public key of age',
    ]);
  });
});
