/*
 * Names and values of others (of peers, archives, disks, settings, and what the user typed) are shown in messages. A terminal obeys some of
 * their characters: it can be made to hide a line, to write another one, to turn text around. Such characters are shown as escapes, and
 * what is long is cut. Every way out of the program goes through this file.
 */

/** Characters of one foreign value in a message. */
const MAX_VALUE_LENGTH = 200;

/** Characters of a whole message. */
const MAX_MESSAGE_LENGTH = 1200;

/** Longer than any path of a system, and than any line that we write on purpose. */
const MAX_LINE_LENGTH = 8192;

/** Control, format, and half characters; separators of lines and paragraphs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The same without line break and tab. */
const UNPRINTABLE_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** True if the text would have to be changed to be shown, or is no text at all (half characters). */
export function hasUnprintable(text: string): boolean {
  return text.search(UNPRINTABLE) !== -1;
}

/**
 * One foreign value, on one line and at most `maxLength` long; what is cut is cut out of the middle, since paths are told by their ends.
 */
export function printableText(text: string, maxLength = MAX_VALUE_LENGTH): string {
  // Not all of a huge text needs to be looked at.
  const part = cutMiddle(text, 2 * maxLength);
  return cutMiddle(part.replace(UNPRINTABLE, escapeCharacter), maxLength);
}

/** A line of a result, or a path where one is: nothing of it is cut that could be right. */
export function printableLine(text: string): string {
  return printableText(text, MAX_LINE_LENGTH);
}

/** A sentence of ours with foreign values in it, on one line: a value without blanks is no longer than {@link MAX_VALUE_LENGTH}. */
export function printableMessage(message: string): string {
  const shown = cutMiddle(message, 4 * MAX_MESSAGE_LENGTH).replace(UNPRINTABLE, escapeCharacter);
  return cutMiddle(
    shown.replace(/\S+/g, (word) => cutMiddle(word, MAX_VALUE_LENGTH)),
    MAX_MESSAGE_LENGTH,
  );
}

/** Text of several lines that are all ours; the last safeguard before it is written. */
export function printableLines(text: string): string {
  const escaped = text.replace(UNPRINTABLE_IN_LINES, escapeCharacter);
  if (escaped.length <= MAX_LINE_LENGTH) return escaped;
  return escaped.replace(/.{8193,}/g, (line) => cutMiddle(line, MAX_LINE_LENGTH));
}

/** JSON with the same characters as escapes, which programs read back as they were; texts that nobody needs whole are cut. */
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

/** A character outside the first plane is two halves: neither is left alone. */
function cutMiddle(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const tail = Math.floor((maxLength - ELLIPSIS.length) / 3);
  const head = text.slice(0, maxLength - ELLIPSIS.length - tail).replace(/[\ud800-\udbff]$/, '');
  return head + ELLIPSIS + text.slice(text.length - tail).replace(/^[\udc00-\udfff]/, '');
}
