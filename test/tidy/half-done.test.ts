import { expect, test } from 'vitest';
import { CODE, listFiles, type ProjectFile, readFiles, sizeOf } from './project-files.ts';

/** Marks of unfinished work, assembled here so that this file has none itself. */
const MARKS = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
const SWITCHED_OFF = /\b(?:test|it|describe|describeInterop)(?:\.\w+)*\.(?:skip|only|todo|fails)\b/;

/** What a test may depend on: the system, the user, what the machine can do. Interop tests need Java, and fail without it in CI. */
const CONDITIONS = /^(process\.platform|process\.geteuid|!existsSync\('\/dev\/full'\)|canMount|skip)(?!\w)/;

const MOST_BYTES = 1024 * 1024;

function findMarks({ path, text }: ProjectFile): string[] {
  return text.split('\n').flatMap((line, i) => (MARKS.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : []));
}

function findSwitchedOff({ path, text }: ProjectFile): string[] {
  return text.split('\n').flatMap((line, i) => {
    const condition = /\b(?:test|it|describe)(?:\.\w+)*\.(?:skipIf|runIf)\((.*)/.exec(line)?.[1];
    const isOff = SWITCHED_OFF.test(line) || (condition !== undefined && !CONDITIONS.test(condition));
    return isOff ? [`${path}:${i + 1}: ${line.trim()}`] : [];
  });
}

test('nothing is left half done', () => {
  expect(readFiles(/\.(ts|mjs|md|json|java)$|^\.ci\//).flatMap(findMarks)).toEqual([]);
});

test('every test runs', () => {
  const ownPath = 'test/tidy/half-done.test.ts';
  const files = readFiles(CODE).filter(({ path }) => path !== ownPath);
  expect(files.flatMap(findSwitchedOff)).toEqual([]);
});

test('large files are in the corpus, and nowhere else', () => {
  expect(listFiles().filter((path) => sizeOf(path) > MOST_BYTES)).toEqual([]);
});

test('the change log has a section for unreleased changes', () => {
  const [log] = readFiles(/^CHANGELOG\.md$/);
  expect(findUnreleased(log!.text)).toMatch(/^- /m);
});

/** The text below the heading Unreleased; undefined if there is none. */
function findUnreleased(log: string): string | undefined {
  return /^## Unreleased\n(.*?)(?=^## |$(?![\s\S]))/ms.exec(log)?.[1];
}

test('the rules find what they should', () => {
  const mark = 'TO' + 'DO';
  expect(findMarks({ path: 'a.ts', text: `fine\n// ${mark}: later` })).toEqual([`a.ts:2: // ${mark}: later`]);
  const only = 'on' + 'ly';
  const lines = [
    `it.${only}('x', () => {`,
    `describe.each([1]).${only}('x')`,
    `describe.sequential.${only}(`,
    'it.each([1])(',
    'it.skipIf(isMonday)(',
    'it.skipIf(process.platform === 1)(',
  ];
  expect(findSwitchedOff({ path: 'a.ts', text: lines.join('\n') }).map((line) => line.slice(0, 7))).toEqual([
    'a.ts:1:',
    'a.ts:3:',
    'a.ts:5:',
  ]);
  expect(findUnreleased('# Log\n\n## 1.0\n\n- done\n')).toBeUndefined();
  expect(findUnreleased('# Log\n\n## Unreleased\n\n- new\n\n## 1.0\n\n- done\n')?.trim()).toBe('- new');
});
