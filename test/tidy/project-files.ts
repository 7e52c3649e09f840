import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Made by others, or regenerated at any time. */
const FOREIGN = new Set(['node_modules', 'dist', '.git', '.cache', 'coverage']);

export interface ProjectFile {
  /** From the root of the project, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Paths of all files of the project in order, except the corpus, which holds foreign bytes. */
export function listFiles(folder = '.'): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = relative(root, join(root, folder, entry.name))
        .split(sep)
        .join('/');
      if (FOREIGN.has(entry.name) || path === 'test/corpus') return [];
      return entry.isDirectory() ? listFiles(path) : [path];
    })
    .sort();
}

export function readFiles(pattern: RegExp): ProjectFile[] {
  return listFiles()
    .filter((path) => pattern.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

export function sizeOf(path: string): number {
  return statSync(join(root, path)).size;
}

/** Our programs: everything compiled, tested and measured. */
export const CODE = /^(src|test|bench|scripts)\/.*\.(ts|mjs)$/;

/** The comments of a file, one per block or run of lines, without comment marks, with the number of the first line. */
export function findComments({ text }: ProjectFile): { line: number; text: string }[] {
  const comments: { line: number; text: string }[] = [];
  let isOpen = false;
  text.split('\n').forEach((content, i) => {
    const own = /^\s*(?:\/\*\*?|\*\/|\*(?= |$)|\/\/)(.*)$/.exec(content);
    const words = own?.[1] ?? /\s\/\/ (.*)$/.exec(content)?.[1];
    if (words === undefined) {
      isOpen = false;
      return;
    }
    const begins = /^\s*\/\*/.test(content) || own === null;
    if (isOpen && !begins) comments.at(-1)!.text += `\n${words.replace(/\*\/\s*$/, '').trim()}`;
    else comments.push({ line: i + 1, text: words.replace(/\*\/\s*$/, '').trim() });
    isOpen = own !== null && !/\*\/\s*$/.test(content);
  });
  return comments;
}
