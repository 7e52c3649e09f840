import { createHash } from 'node:crypto';
import { armor, Decrypter } from 'age-encryption';
import { GraphkeepError } from '../../../base/errors.ts';
import { type ReadOptions, readSecret, type SecretSource } from './secret-source.ts';

export interface IdentityOptions extends ReadOptions {
  /** Where the identities are: lines `AGE-SECRET-KEY-...`, or such lines encrypted with a passphrase by `age -p`. */
  identity: SecretSource;
  /** Needed if they are encrypted. */
  passphrase?: SecretSource;
}

const AGE_FILE = 'age-encryption.org/v1\n';
const ARMORED_FILE = '-----BEGIN AGE ENCRYPTED FILE-----';

/**
 * Reads the identities that open objects.
 * @throws `repository.key-unreadable`, `repository.key-invalid`, `repository.passphrase-missing`, `repository.passphrase-wrong`,
 *   `cancelled`
 */
export async function loadIdentities(options: IdentityOptions): Promise<Decrypter> {
  const secret = await readSecret(options.identity, options);
  const protectedFile = unarmor(secret);
  const text = protectedFile === undefined ? secret.toString() : await openProtected(protectedFile, options);
  return parseIdentities(text);
}

/** The age file that the secret is, if it is one. */
function unarmor(secret: Buffer): Buffer | undefined {
  if (secret.toString('latin1', 0, AGE_FILE.length) === AGE_FILE) return secret;
  const text = secret.toString('latin1');
  if (!text.trimStart().startsWith(ARMORED_FILE)) return undefined;
  try {
    return Buffer.from(armor.decode(text));
  } catch (error) {
    throw invalid('the encrypted identity file is damaged', (error as Error).message);
  }
}

function parseIdentities(text: string): Decrypter {
  const decrypter = new Decrypter();
  let count = 0;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const identity = line.trim();
    if (identity === '' || identity.startsWith('#')) continue;
    try {
      decrypter.addIdentity(identity);
    } catch {
      // Neither the line nor the error of the library, which quotes it, may be shown.
      throw invalid('a line of the identities is not an identity of age (AGE-SECRET-KEY-...)', `line ${i + 1}`);
    }
    count++;
  }
  if (count === 0) throw invalid('there is no identity of age (AGE-SECRET-KEY-...) in it', 'no line');
  return decrypter;
}

/** Opened files: to open one takes a second and a quarter of a gigabyte, on purpose. */
const opened = new Map<string, string>();

async function openProtected(file: Buffer, options: IdentityOptions): Promise<string> {
  if (options.passphrase === undefined) {
    throw new GraphkeepError('repository.passphrase-missing', 'the identity file is encrypted with a passphrase');
  }
  // A file and the output of a command end in a new line that is no part of the passphrase.
  const passphrase = (await readSecret(options.passphrase, options)).toString().replace(/\r?\n$/, '');
  const digest = createHash('sha256').update(file).update(passphrase).digest('hex');
  const known = opened.get(digest);
  if (known !== undefined) return known;
  const text = await decryptWithPassphrase(file, passphrase);
  opened.set(digest, text);
  return text;
}

async function decryptWithPassphrase(file: Buffer, passphrase: string): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(file, 'text');
  } catch (error) {
    const { message } = error as Error;
    if (!message.startsWith('no identity matched')) {
      throw invalid('the encrypted identity file is damaged', message);
    }
    if (!file.includes('\n-> scrypt '))
      throw invalid('the identity file is not encrypted with a passphrase', 'other keys');
    throw new GraphkeepError('repository.passphrase-wrong', 'the passphrase does not open the identity file');
  }
}

function invalid(message: string, observed: string): GraphkeepError {
  return new GraphkeepError('repository.key-invalid', message, { observed });
}
