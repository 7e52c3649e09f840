import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { isMissing, systemCodeOf } from '../../base/file-errors.ts';
import { remedyForFile } from '../../base/system-remedies.ts';

const MOST_BYTES = 1024 * 1024;

/** Written so in the files of `age-keygen`. */
const SECRET = /age-secret-key-/i;

/**
 * The text of a configuration file. A pipe is read too, so that another program may decrypt it.
 * @throws GraphkeepError `config.unreadable`, `config` if it is no text, is too large or holds a secret
 */
export async function readConfigText(file: string): Promise<{ text: string; isPipe: boolean }> {
  const { bytes, isPipe } = await readBytes(file);
  if (bytes.length > MOST_BYTES) throw wrong('the configuration file is larger than 1 MiB', { file });
  if (!isUtf8(bytes)) {
    const hint = 'Save the file in UTF-8.';
    throw wrong('the configuration file is not in UTF-8', { file, line: firstLineThatIsNot(bytes) }, hint);
  }
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  refuseSecret(text, (at) => ({ file, line: text.slice(0, at).split('\n').length }));
  return { text, isPipe };
}

/** @throws GraphkeepError `config` if the text has a secret in it, which is not shown */
export function refuseSecret(text: string, placeAt: (offset: number) => ErrorPlace): void {
  const at = text.search(SECRET);
  if (at === -1) return;
  const hint =
    'Keep the identity in a file of its own, and name that: identity: { file: /path/to/key.txt }. Make a new one if others could read this file.';
  throw wrong('there is a secret identity of age in the configuration', placeAt(at), hint);
}

/** Whether others than the owner, or another owner than this user or root, may write a file; with its mode, as in `0664`. */
export async function findForeignWriters(file: string): Promise<string | undefined> {
  const info = await stat(file);
  if (process.geteuid === undefined || !info.isFile()) return undefined;
  const mode = (info.mode & 0o7777).toString(8).padStart(4, '0');
  const isForeign = info.uid !== 0 && info.uid !== process.geteuid();
  return isForeign || (info.mode & 0o022) !== 0 ? mode : undefined;
}

export function wrong(message: string, place: ErrorPlace, hint?: string): GraphkeepError {
  return new GraphkeepError('config', message, { place, ...(hint === undefined ? {} : { hint }) });
}

async function readBytes(file: string): Promise<{ bytes: Buffer; isPipe: boolean }> {
  try {
    const isPipe = (await stat(file)).isFIFO();
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of createReadStream(file)) {
      chunks.push(chunk);
      length += chunk.length;
      // A device may never end.
      if (length > MOST_BYTES) break;
    }
    return { bytes: Buffer.concat(chunks), isPipe };
  } catch (error) {
    const hint = remedyForFile(systemCodeOf(error), file);
    const message = isMissing(error) ? 'there is no such configuration file' : 'cannot read the configuration file';
    throw new GraphkeepError('config.unreadable', message, {
      place: { file },
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function firstLineThatIsNot(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const found = bytes.indexOf(0x0a, start);
    const end = found === -1 ? bytes.length : found;
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
  return line;
}
