import { isUtf8 } from 'node:buffer';
import { type ErrorPlace, GraphkeepError } from '../base/errors.ts';

/** One assignment in a properties file, with its first line (from 1). */
export interface Property {
  key: string;
  value: string;
  line: number;
}

/** Where a setting was read. */
export type SettingPlaces = ReadonlyMap<string, ErrorPlace>;

/**
 * Reads a Java properties file.
 *
 * | part          | rule                                                                                              |
 * |---------------|---------------------------------------------------------------------------------------------------|
 * | line          | ends with \n, \r or \r\n; white space (blank, tab, form feed) in front does not count             |
 * | comment       | first character `#` or `!`; a comment never continues                                             |
 * | continuation  | an odd number of backslashes at the end joins the next line, without the white space in its front |
 * | key           | ends at the first `=`, `:` or white space that is not escaped; white space around the mark drops  |
 * | value         | all the rest, white space at the end included                                                     |
 * | escapes       | `\t \n \r \f`, `\uXXXX`; before any other character the backslash is dropped                      |
 *
 * A key may occur twice; the last one counts ({@link toSettings}).
 */
export function parseProperties(text: string, file?: string): Property[] {
  const properties: Property[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    let logical = trimFront(lines[at]!);
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue;
    while (endsOpen(logical)) {
      at++;
      logical = logical.slice(0, -1) + trimFront(lines[at] ?? '');
    }
    const { key, value } = splitAssignment(logical);
    const place = { ...(file === undefined ? {} : { file }), line };
    properties.push({ key: decodeEscapes(key, place), value: decodeEscapes(value, place), line });
  }
  return properties;
}

/** The assignments as a map; if a key occurs twice, the last one counts. */
export function toSettings(properties: readonly Property[]): Map<string, string> {
  return new Map(properties.map(({ key, value }) => [key, value]));
}

/** The place of each assignment; if a key occurs twice, the last one counts. */
export function placesOf(properties: readonly Property[], file: string): Map<string, ErrorPlace> {
  return new Map(properties.map(({ key, line }) => [key, { file, line }]));
}

/** Decodes a properties file: UTF-8 if valid, else Latin-1 (which Java reads). */
export function decodePropertiesFile(bytes: Uint8Array): string {
  return isUtf8(bytes) ? new TextDecoder().decode(bytes) : Buffer.from(bytes).toString('latin1');
}

function trimFront(line: string): string {
  return line.replace(/^[ \t\f]+/, '');
}

/** True if the line ends with an odd number of backslashes, so that the next line continues it. */
function endsOpen(line: string): boolean {
  let count = 0;
  while (line[line.length - 1 - count] === '\\') count++;
  return count % 2 === 1;
}

function splitAssignment(line: string): { key: string; value: string } {
  let end = 0;
  while (end < line.length && !/[=: \t\f]/.test(line[end]!)) end += line[end] === '\\' ? 2 : 1;
  const rest = /^[ \t\f]*[=:]?[ \t\f]*/.exec(line.slice(end))![0];
  return { key: line.slice(0, end), value: line.slice(end + rest.length) };
}

const ESCAPED: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function decodeEscapes(text: string, place: ErrorPlace): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S]|$)/g, (whole, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    if (escaped === 'u') {
      throw new GraphkeepError('config', 'Malformed \\uxxxx encoding.', {
        place,
        observed: whole,
        hint: 'Write a backslash twice where none is meant, as in paths of Windows, or four hexadecimal digits after \\u.',
      });
    }
    return ESCAPED[escaped] ?? escaped;
  });
}
