import { expect, test } from 'vitest';
import { CODE, type ProjectFile, readFiles } from './project-files.ts';

/* The formatter checks code, not comments and prose. */

const MOST_CHARACTERS = 140;

/** Prose lines that are too long; not tables, headings, code blocks and HTML comments, which cannot be broken. */
function findLongProse({ path, text }: ProjectFile): string[] {
  let isCode = false;
  return text.split('\n').flatMap((line, i) => {
    if (line.trimStart().startsWith('```')) isCode = !isCode;
    if (isCode || line.length <= MOST_CHARACTERS || /^\s*(\||#|<!--)/.test(line)) return [];
    return [`${path}:${i + 1}: ${line.length} characters`];
  });
}

/** Comment lines that are too long, including trailing comments. */
function findLongComments({ path, text }: ProjectFile): string[] {
  return text.split('\n').flatMap((line, i) => {
    const isComment = /^\s*(\/\/|\/\*|\*(?= |\/))/.test(line) || /;\s*\/\/ [^'"`]*$/.test(line);
    return isComment && line.length > MOST_CHARACTERS ? [`${path}:${i + 1}: ${line.length} characters`] : [];
  });
}

test('lines of prose and comments are short enough to read', () => {
  const pages = readFiles(/\.md$/);
  const programs = readFiles(CODE);
  expect([...pages.flatMap(findLongProse), ...programs.flatMap(findLongComments)]).toEqual([]);
  expect(pages.length).toBeGreaterThan(10);
  expect(programs.length).toBeGreaterThan(600);
});

test('long lines are found where they can be broken', () => {
  const long = 'word '.repeat(30);
  const page = ['short', long, `| ${long} |`, `# ${long}`, '```', long, '```', `- ${long}`].join('\n');
  expect(findLongProse({ path: 'x.md', text: page })).toEqual(['x.md:2: 150 characters', 'x.md:8: 152 characters']);
  const program = [`// ${long}`, `const a = '${long}';`, ` * ${long}`, `let b; // ${long}`].join('\n');
  const found = findLongComments({ path: 'x.ts', text: program });
  expect(found.map((line) => line.split(':')[1])).toEqual(['1', '3', '4']);
});
