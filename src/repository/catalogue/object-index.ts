import { TextDecoder } from 'node:util';
import type { GraphkeepError } from '../../base/errors.ts';
import { objectError } from '../object-errors.ts';
import { type PartName, parsePartName } from './part-name.ts';

/*
 * The index of a base says which object holds which bytes of which file: one line for each object, tab-separated, in UTF-8 (spec
 * repository-layout 2). It is never encrypted: whoever may list a repository can verify that it is complete.
 *
 *     <file> \t <offset> \t <bytes> \t <object> \t <stored bytes> \t <sha256 of the object>
 *
 * `file` is `@tar` for a bundle of small files.
 */

export const BUNDLE_FILE = '@tar';
/** Longer lines are refused. */
export const MOST_LINE_BYTES = 2048;

export interface IndexLine {
  /** Name of a store file, or {@link BUNDLE_FILE}. */
  readonly file: string;
  readonly offset: number;
  /** Plain bytes. */
  readonly bytes: number;
  /** Key below the folder of the base. */
  readonly object: string;
  readonly storedBytes: number;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

const NUMBER = /^(0|[1-9]\d{0,15})$/;
const SHA256 = /^[0-9a-f]{64}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they would end a field or a line
const UNPRINTABLE = /[\u0000-\u001f\u007f]/;

/** @throws RangeError for a name of a file that does not fit into a line */
export function formatIndexLine(line: IndexLine): string {
  const { file, offset, bytes, object, storedBytes, sha256 } = line;
  const text = `${[file, offset, bytes, object, storedBytes, sha256].join('\t')}\n`;
  if (UNPRINTABLE.test(file) || Buffer.byteLength(text) > MOST_LINE_BYTES) {
    throw new RangeError(`no line of an index can hold the name ${JSON.stringify(file.slice(0, 300))}`);
  }
  return text;
}

/**
 * Reads an index from pieces of its bytes, cut anywhere: memory does not grow with it. Whether the name of a file may be written is for the
 * caller to decide. `place`: for errors.
 * @throws GraphkeepError `repository.object-damaged`
 */
export async function* readIndex(pieces: AsyncIterable<Uint8Array>, place: string): AsyncGenerator<IndexLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = Buffer.alloc(0);
  let number = 0;
  for await (const piece of pieces) {
    let bytes = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a)) {
      yield parseLine(bytes.subarray(0, end), decoder, place, ++number);
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.length > MOST_LINE_BYTES) throw damaged(place, number + 1, 'a line without an end');
    rest = Buffer.from(bytes);
  }
  if (rest.length > 0) throw damaged(place, number + 1, 'the last line is cut off');
}

function parseLine(bytes: Uint8Array, decoder: TextDecoder, place: string, number: number): IndexLine {
  if (bytes.length >= MOST_LINE_BYTES) throw damaged(place, number, `a line of ${bytes.length} bytes`);
  let fields: string[];
  try {
    fields = decoder.decode(bytes).split('\t');
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw damaged(place, number, 'no UTF-8');
  }
  const [file = '', offset = '', plain = '', object = '', stored = '', sha256 = ''] = fields;
  const sound =
    fields.length === 6 &&
    file !== '' &&
    !UNPRINTABLE.test(file) &&
    [offset, plain, stored].every((text) => NUMBER.test(text) && Number.isSafeInteger(Number(text))) &&
    SHA256.test(sha256);
  const part = parsePartName(object);
  const line = { file, offset: Number(offset), bytes: Number(plain), object, storedBytes: Number(stored), sha256 };
  if (!sound || part === undefined || !fits(line, part)) throw damaged(place, number, fields.join(' '));
  return line;
}

/** The name of an object agrees with the rest of its line. */
function fits({ file, offset, sha256 }: IndexLine, part: PartName): boolean {
  if (!sha256.startsWith(part.digest)) return false;
  return part.kind === 'bundle' ? file === BUNDLE_FILE : file !== BUNDLE_FILE && part.offset === offset;
}

function damaged(place: string, line: number, observed: string): GraphkeepError {
  const details = { line, observed: observed.slice(0, 300) };
  return objectError('repository.object-damaged', place, 'the index of the base is damaged', details);
}
