import { createHash } from 'node:crypto';

/** A sentence that must not be ours, known by its hashes alone. */
export interface ForeignSentence {
  /** At least five. */
  readonly words: number;
  /** SHA-256 of its first five words, in hexadecimal: tells quickly where it may begin. */
  readonly opening: string;
  /** SHA-256 of all its words. */
  readonly sentence: string;
}

/** Shorter ones are nobody's own. */
const OPENING_WORDS = 5;

/** What an entry of the list is made of. */
export function hashSentence(text: string): ForeignSentence {
  const words = wordsOf(text);
  if (words.length < OPENING_WORDS) throw new Error(`'${text}' has less than ${OPENING_WORDS} words`);
  return { words: words.length, opening: hashWords(words.slice(0, OPENING_WORDS)), sentence: hashWords(words) };
}

/**
 * The sentences of the list that stand in a file, wherever in it: as its prose, in comments, in strings that are put together, over several
 * lines. Case, punctuation and marks of comments do not count.
 */
export function findForeign(text: string, list: readonly ForeignSentence[]): string[] {
  const words = wordsOf(text);
  return words.flatMap((_, at) => {
    const opening = hashWords(words.slice(at, at + OPENING_WORDS));
    return list
      .filter((entry) => entry.opening === opening)
      .map((entry) => words.slice(at, at + entry.words))
      .filter((candidate) => list.some(({ sentence }) => sentence === hashWords(candidate)))
      .map((candidate) => candidate.join(' '));
  });
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
  return createHash('sha256').update(words.join(' ')).digest('hex');
}
