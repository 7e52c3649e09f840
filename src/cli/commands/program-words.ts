import { GraphkeepError } from '../../base/errors.ts';
import { type OptionValues, parseOption } from '../option-values.ts';

/**
 * A program with its arguments, in an option: words between blanks, or a JSON list if an argument has blanks in it. Undefined if it is not
 * set.
 * @throws GraphkeepError `usage`
 */
export function readProgram(values: OptionValues, option: string): readonly string[] | undefined {
  return values.optional(option) === undefined ? undefined : parseOption(values, option, parseWords);
}

function parseWords(text: string): string[] {
  const words = text.trim();
  if (!words.startsWith('[')) return words.split(/\s+/);
  const list = parseJson(words);
  if (Array.isArray(list) && list.length > 0 && list.every((word) => typeof word === 'string')) return list;
  throw new GraphkeepError('usage', 'a list of words is written as JSON, as in ["program", "an argument"]');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says what is expected; the error of Node quotes the text.
    return undefined;
  }
}
