import { hash } from 'node:crypto';

/** A sentence that we must not use, known only by its hashes. */
export interface ForeignSentence {
  /** At least five. */
  readonly words: number;
  /** SHA-256 of its first five words, in hexadecimal: quickly finds where it may begin. */
  readonly opening: string;
  /** SHA-256 of all its words. */
  readonly sentence: string;
}

/** Shorter sentences belong to nobody. */
const OPENING_WORDS = 5;

/** Makes an entry of the list. */
export function hashSentence(text: string): ForeignSentence {
  const words = wordsOf(text);
  if (words.length < OPENING_WORDS) throw new Error(`'${text}' has less than ${OPENING_WORDS} words`);
  return { words: words.length, opening: hashWords(words.slice(0, OPENING_WORDS)), sentence: hashWords(words) };
}

/**
 * The sentences of the list found in a file: in prose, in comments, in concatenated strings, over several lines. Case, punctuation and
 * comment marks do not count.
 */
export function findForeign(text: string, list: readonly ForeignSentence[]): string[] {
  const words = wordsOf(text);
  const openings = new Set(list.map(({ opening }) => opening));
  const found: string[] = [];
  for (let at = 0; at + OPENING_WORDS <= words.length; at++) {
    // Nearly every place of the project ends here.
    const opening = hashWords(words.slice(at, at + OPENING_WORDS));
    if (!openings.has(opening)) continue;
    for (const entry of list.filter((known) => known.opening === opening)) {
      const candidate = words.slice(at, at + entry.words);
      if (entry.sentence === hashWords(candidate)) found.push(candidate.join(' '));
    }
  }
  return found;
}

function wordsOf(text: string): string[] {
  return (
    text
      .replace(/\\[nrt]/g, ' ')
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? []
  );
}

function hashWords(words: readonly string[]): string {
  return hash('sha256', words.join(' '), 'hex');
}
