import { type ErrorPlace, GraphkeepError } from '../base/errors.ts';
import { hasUnprintable, printableText } from '../base/printable-text.ts';

/** Limits for what a peer can make us create. Real stores have a few dozen files per index. */
const MAX_FILES = 100_000;
const MAX_NAME_LENGTH = 1024;
const MAX_DEPTH = 32;
/** Longest part of a path in bytes on every common file system. */
const MAX_PART_BYTES = 255;

/** Files of the top directory that no server sends and that would do harm if they arrived (spec common-protocol 9). */
const neverSent: { pattern: RegExp; what: string }[] = [
  { pattern: /^store_lock$/i, what: 'a lock file' },
  { pattern: /\.id$/i, what: 'an id file' },
  { pattern: /^neostore\.transaction\.db(\.|$)/i, what: 'a transaction log' },
  { pattern: /^(debug\.log|metrics$)/i, what: 'a file of the running server' },
  { pattern: /^\./, what: 'a hidden file' },
];

/** What a file with this name would be; undefined if it may be part of a copy. */
export type DescribeForbidden = (name: string) => string | undefined;

const describeNeverSent: DescribeForbidden = (name) =>
  neverSent.find(({ pattern }) => pattern.test(name.split('/')[0]!))?.what;

/**
 * Checks the names of the files that a peer sends during one copy. A name returned by {@link accept} stays below the target directory, is
 * canonical, was not sent before, and clashes with no other name.
 */
export class ReceivedNames {
  private readonly describeForbidden: DescribeForbidden;
  private readonly files = new Set<string>();
  private readonly directories = new Set<string>();

  /** `describeForbidden`: which names would do harm. Default: those that no server of 3.x sends. */
  constructor(describeForbidden: DescribeForbidden = describeNeverSent) {
    this.describeForbidden = describeForbidden;
  }

  /** The name to use, separated by `/`; throws `peer.hostile` with `place`. */
  accept(received: string, place: ErrorPlace): string {
    const name = fromWindows(received);
    const problem = this.findProblem(name);
    if (problem !== undefined) {
      throw new GraphkeepError('peer.hostile', `the server sends a file name that is refused: ${problem}`, {
        place,
        observed: printableText(received),
      });
    }
    this.files.add(name);
    for (const parent of parentsOf(name)) this.directories.add(parent);
    return name;
  }

  /** The file is not part of the copy after all; its name may come again. */
  forget(name: string): void {
    this.files.delete(name);
  }

  private findProblem(name: string): string | undefined {
    const parts = name.split('/');
    if (this.files.size >= MAX_FILES) return `more than ${MAX_FILES} files`;
    if (name.length > MAX_NAME_LENGTH) return `longer than ${MAX_NAME_LENGTH} characters`;
    if (parts.length > MAX_DEPTH) return `more than ${MAX_DEPTH} directories`;
    for (const part of parts) {
      const problem = findPartProblem(part);
      if (problem !== undefined) return problem;
    }
    if (/^[a-z]:/i.test(name)) return 'it begins with a drive letter';
    const forbidden = this.describeForbidden(name);
    if (forbidden !== undefined) return `${forbidden} is never part of a copy`;
    if (this.files.has(name)) return 'it came before';
    if (this.directories.has(name) || parentsOf(name).some((parent) => this.files.has(parent))) {
      return 'it is a file and a directory';
    }
    return undefined;
  }
}

/** A server on Windows separates with `\` only. A name with both separators is left unchanged, and refused later. */
function fromWindows(name: string): string {
  return name.includes('\\') && !name.includes('/') ? name.replaceAll('\\', '/') : name;
}

function findPartProblem(part: string): string | undefined {
  if (part === '') return 'it is absolute or has an empty part';
  if (part === '.' || part === '..') return 'it is not canonical or leaves the directory';
  if (part.includes('\\')) return 'it mixes separators';
  if (hasUnprintable(part)) return 'it has control characters, others that cannot be shown, or half characters';
  if (Buffer.byteLength(part) > MAX_PART_BYTES) return `a part is longer than ${MAX_PART_BYTES} bytes`;
  return undefined;
}

function parentsOf(name: string): string[] {
  const parents: string[] = [];
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) parents.push(name.slice(0, at));
  return parents;
}
