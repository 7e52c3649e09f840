import { expect, test } from 'vitest';
import { CODE, findComments, listFiles, type ProjectFile, readFiles } from './project-files.ts';

/*
 * A comment cites a document like this: `spec trees-and-indexes 12.1`. The document is one of docs/formats, the section a heading number;
 * several are possible, as in `1, 2.3`, `1 and 2` or `1 to 3`. Other documents are cited by their path.
 */

type Documents = ReadonlyMap<string, ReadonlySet<string>>;

function readSections(files: readonly ProjectFile[]): Documents {
  const headings = (text: string) => [...text.matchAll(/^#+ (\d+(?:\.\d+)*)\.? /gm)].map((match) => match[1]!);
  return new Map(files.map(({ path, text }) => [/([^/]+)\.md$/.exec(path)![1]!, new Set(headings(text))]));
}

const NUMBER = /\d+(?:\.\d+)*/;
const NUMBERS = new RegExp(`${NUMBER.source}(?:(?:, |-| to | and )${NUMBER.source})*`);

/** Why the citations of a comment lead nowhere; empty if they are valid. */
function findDangling(comment: string, documents: Documents, paths: ReadonlySet<string>): string[] {
  const text = comment.replaceAll('\n', ' ').replaceAll(/https?:\S+/g, '');
  const problems: string[] = [];
  for (const { index } of text.matchAll(/(?<!change cipher )\bspec\b/g)) {
    const cited = new RegExp(`^spec ([a-z0-9-]+)(?: (${NUMBERS.source}))?`).exec(text.slice(index));
    const sections = documents.get(cited?.[1] ?? '');
    const shown = text.slice(index, index + 40);
    if (cited === null || sections === undefined) problems.push(`no document: ${shown}`);
    for (const number of cited?.[2]?.match(new RegExp(NUMBER, 'g')) ?? []) {
      if (sections !== undefined && !sections.has(number)) problems.push(`no section ${number}: ${shown}`);
    }
  }
  const names = [...documents.keys()].join('|');
  for (const [shown] of text.matchAll(new RegExp(`(?<!spec )\\b(?:${names}) (?:spec|${NUMBER.source})`, 'g'))) {
    problems.push(`not "spec <document> <section>": ${shown}`);
  }
  for (const [path] of text.matchAll(/\bdocs\/[\w/.-]+\.md\b/g))
    if (!paths.has(path)) problems.push(`no file: ${path}`);
  return problems;
}

test('every citation leads to a section of a document in the repository', () => {
  const documents = readSections(readFiles(/^docs\/formats\/.*\.md$/));
  const paths = new Set(listFiles());
  let citations = 0;
  const dangling = readFiles(CODE).flatMap((file) =>
    findComments(file).flatMap(({ line, text }) => {
      if (/\bspec\b/.test(text)) citations++;
      return findDangling(text, documents, paths).map((problem) => `${file.path}:${line}: ${problem}`);
    }),
  );
  expect(dangling).toEqual([]);
  expect(citations).toBeGreaterThan(200);
});

test('a citation that leads nowhere is found, in any form', () => {
  const documents = readSections([{ path: 'docs/formats/trees.md', text: '# Trees\n\n## 1. Pages\n\n### 1.2 Keys\n' }]);
  const problems = (comment: string) => findDangling(comment, documents, new Set(['docs/tls.md'])).length;
  expect(problems('as it stands (spec trees 1, 1.2; spec\ntrees 1), (docs/tls.md)')).toBe(0);
  expect(problems('(spec trees 1 and 1.3)')).toBe(1);
  expect(problems('(spec 1)')).toBe(1);
  expect(problems('(spec leaves 1)')).toBe(1);
  expect(problems('(trees spec 1)')).toBe(2);
  expect(problems('(trees 1.2)')).toBe(1);
  expect(problems('(docs/ssl.md)')).toBe(1);
});

test('comments are found everywhere', () => {
  const text = [
    '/** One. */',
    'const a = 1; // two',
    '  // three',
    '  // four',
    '/*',
    ' * five',
    ' */',
    "'// six'",
  ].join('\n');
  expect(findComments({ path: 'x.ts', text }).map(({ line, text: words }) => `${line} ${words}`)).toEqual([
    '1 One.',
    '2 two',
    '3 three\nfour',
    '5 \nfive\n',
  ]);
});
