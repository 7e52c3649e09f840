import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { CODE, type ProjectFile, readFiles } from './project-files.ts';

/* What files outside the rooms of src may import (for the rooms see layers.test.ts), and that no file imports itself indirectly. */

/** Who may import from where, by path prefixes; what is in no row may be imported only within its own folder. */
const RULES: readonly { readonly of: RegExp; readonly may: RegExp }[] = [
  { of: /^src\/.*(?<!\.test)\.ts$/, may: /^(src\/|package\.json$)/ },
  { of: /^src\/.*\.test\.ts$/, may: /^(src|test\/support)\// },
  { of: /^test\/support\//, may: /^(src|test\/support)\// },
  { of: /^test\/cli\//, may: /^(src|test\/support|test\/cli)\// },
  { of: /^test\/(guarantees|faults)\//, may: /^(src|test\/support)\// },
  { of: /^test\/packaging\//, may: /^(test\/support|test\/packaging)\// },
  { of: /^test\/interop\//, may: /^(src|test\/support|test\/interop\/harness)\// },
  { of: /^test\/tidy\//, may: /^(src|test\/tidy)\// },
  { of: /^bench\//, may: /^(src|test\/support|test\/interop\/harness|bench)\// },
  { of: /^scripts\//, may: /^(src|test\/support)\// },
];

/** Relative imports of a file, from the root of the project: static, dynamic, re-exports. */
function findImports({ path, text }: ProjectFile): string[] {
  const specifiers = [...text.matchAll(/(?:^|[;}\s])(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].map((match) => match[1]!);
  return specifiers.map((specifier) => posix.join(posix.dirname(path), specifier));
}

function findForbidden(files: readonly ProjectFile[]): string[] {
  return files.flatMap((file) => {
    const rule = RULES.find(({ of }) => of.test(file.path));
    if (rule === undefined) return [`${file.path}: no rule says what it may import`];
    const forbidden = findImports(file).filter((path) => !rule.may.test(path) || path.endsWith('.test.ts'));
    return forbidden.map((path) => `${file.path} -> ${path}`);
  });
}

/** Groups of files that import each other: the strongly connected components of the import graph (Tarjan). */
function findCircles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const numbers = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (path: string) => {
    numbers.set(path, numbers.size);
    lowest.set(path, numbers.get(path)!);
    open.push(path);
    for (const next of imports.get(path) ?? []) {
      if (!numbers.has(next)) visit(next);
      if (open.includes(next)) lowest.set(path, Math.min(lowest.get(path)!, lowest.get(next)!));
    }
    if (lowest.get(path) !== numbers.get(path)) return;
    const part = open.splice(open.indexOf(path));
    if (part.length > 1 || imports.get(path)?.includes(path)) circles.push(part.sort());
  };
  for (const path of imports.keys()) if (!numbers.has(path)) visit(path);
  return circles;
}

test('every file imports only from where it may', () => {
  expect(findForbidden(readFiles(CODE))).toEqual([]);
});

test('no file imports itself, not even through others', () => {
  const files = readFiles(CODE);
  const imports = new Map(files.map((file) => [file.path, findImports(file)]));
  expect([...imports.values()].flat().length).toBeGreaterThan(2000);
  expect(findCircles(imports)).toEqual([]);
});

test('names are kebab-case', () => {
  const odd = readFiles(CODE).map(({ path }) => path);
  expect(odd.filter((path) => !isKebabCase(path))).toEqual([]);
});

function isKebabCase(path: string): boolean {
  return /^([a-z0-9.-]+\/)*[a-z0-9]+([.-][a-z0-9]+)*\.(ts|mjs)$/.test(path);
}

test('the rules find what they should', () => {
  const file = (path: string, imported: string) => ({ path, text: `import { a } from '${imported}';` });
  expect(
    findForbidden([
      file('src/base/a.ts', '../../test/support/random/seed.ts'),
      file('src/base/a.test.ts', '../../test/support/random/seed.ts'),
      file('test/support/a.ts', '../guarantees/b.test.ts'),
      file('bench/a.ts', '../test/guarantees/b.ts'),
      file('other/a.ts', './b.ts'),
    ]),
  ).toHaveLength(4);
  const graph = (...arrows: [string, string[]][]) => new Map(arrows);
  expect(findCircles(graph(['a', ['b', 'c']], ['b', ['c']], ['c', []]))).toEqual([]);
  expect(findCircles(graph(['a', ['b']], ['b', ['c']], ['c', ['d', 'b']], ['d', []]))).toEqual([['b', 'c']]);
  expect(findCircles(graph(['a', ['a']]))).toEqual([['a']]);
  expect(['src/a-b.test.ts', 'src/AB.ts', 'src/a_b.ts', 'test/cluster-3.5.test.ts'].map(isKebabCase)).toEqual([
    true,
    false,
    false,
    true,
  ]);
});
