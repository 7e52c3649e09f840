/*
 * Makes untrusted text safe to print. Messages show names and values from peers, archives, disks, settings and the user. A terminal obeys
 * some characters: they can hide a line, fake another one or reverse text. Such characters are escaped, and long values are cut. All output
 * of the program goes through this file.
 */

/** Longest untrusted value in a message, in characters. */
const MAX_VALUE_LENGTH = 200;

/** Longest whole message, in characters. */
const MAX_MESSAGE_LENGTH = 1200;

/** Longer than any system's paths and any line that we write on purpose. */
const MAX_LINE_LENGTH = 8192;

/** Control and format characters, lone surrogates, line and paragraph separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The same, except line break and tab. */
const UNPRINTABLE_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** True if the text must be changed before it can be shown: it has unprintable characters or lone surrogates. */
export function hasUnprintable(text: string): boolean {
  return text.search(UNPRINTABLE) !== -1;
}

/**
 * One untrusted value on one line, at most `maxLength` characters long. Long values are cut in the middle, since the ends tell paths apart.
 */
export function printableText(text: string, maxLength = MAX_VALUE_LENGTH): string {
  // Avoid scanning all of a huge text.
  const part = cutMiddle(text, 2 * maxLength);
  return cutMiddle(part.replace(UNPRINTABLE, escapeCharacter), maxLength);
}

/** A result line, or a path in one: cut only beyond any plausible length. */
export function printableLine(text: string): string {
  return printableText(text, MAX_LINE_LENGTH);
}

/** One of our sentences with untrusted values in it, on one line. No word is longer than {@link MAX_VALUE_LENGTH}. */
export function printableMessage(message: string): string {
  const shown = cutMiddle(message, 4 * MAX_MESSAGE_LENGTH).replace(UNPRINTABLE, escapeCharacter);
  return cutMiddle(
    shown.replace(/\S+/g, (word) => cutMiddle(word, MAX_VALUE_LENGTH)),
    MAX_MESSAGE_LENGTH,
  );
}

/** Several lines of our own text; a last safeguard before output. */
export function printableLines(text: string): string {
  const escaped = text.replace(UNPRINTABLE_IN_LINES, escapeCharacter);
  if (escaped.length <= MAX_LINE_LENGTH) return escaped;
  return escaped.replace(/.{8193,}/g, (line) => cutMiddle(line, MAX_LINE_LENGTH));
}

/** JSON with the same characters escaped, so that programs read back the original text; overlong strings are cut. */
export function printableJson(value: unknown): string {
  const json = JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    return typeof part === 'string' ? cutMiddle(part, MAX_LINE_LENGTH) : part;
  });
  return json.replace(UNPRINTABLE, (character) =>
    [...Array(character.length).keys()].map((at) => `\\u${hex(character.charCodeAt(at), 4)}`).join(''),
  );
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  if (code > 0xffff) return `\\u{${hex(code, 5)}}`;
  return code <= 0xff ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

const ELLIPSIS = '...';

/** Never splits a surrogate pair. */
function cutMiddle(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const tail = Math.floor((maxLength - ELLIPSIS.length) / 3);
  const head = text.slice(0, maxLength - ELLIPSIS.length - tail).replace(/[\ud800-\udbff]$/, '');
  return head + ELLIPSIS + text.slice(text.length - tail).replace(/^[\udc00-\udfff]/, '');
}
