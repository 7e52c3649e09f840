import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The rooms, highest first (docs/architecture.md): a file may import from its own room and from rooms further down, never upward. */
const ROOMS = [
  'cli',
  'api',
  'demo',
  'doctor',
  'backup',
  'restore',
  'serve',
  'embedded',
  'repository',
  'source',
  'check',
  'replay',
  'protocol',
  'generation',
  'log',
  'store',
  'objects',
  'config',
  'net',
  'base',
];

const root = fileURLToPath(new URL('../../', import.meta.url));
const source = join(root, 'src');

function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
}

function roomOf(path: string): string {
  return path.split(sep)[0]!;
}

/** Relative imports of a file, static, dynamic and re-exports. */
function importsOf(path: string): string[] {
  const text = readFileSync(join(source, path), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].map((match) => match[1]!);
  return specifiers.map((specifier) => relative(source, join(source, path, '..', specifier)));
}

/** The folders of one circle, with the first one again at the end. */
function findCircle(imports: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const way: string[] = [];
  const walk = (folder: string): string[] | undefined => {
    if (way.includes(folder)) return [...way.slice(way.indexOf(folder)), folder];
    if (done.has(folder)) return undefined;
    way.push(folder);
    for (const next of imports.get(folder) ?? []) {
      const circle = walk(next);
      if (circle !== undefined) return circle;
    }
    way.pop();
    done.add(folder);
    return undefined;
  };
  for (const folder of imports.keys()) {
    const circle = walk(folder);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

test('every file is in a known room', () => {
  expect(sourceFiles().filter((path) => !ROOMS.includes(roomOf(path)))).toEqual([]);
});

test('no file imports upward', () => {
  const upward: string[] = [];
  for (const path of sourceFiles().filter((name) => !name.endsWith('.test.ts'))) {
    for (const imported of importsOf(path)) {
      if (imported !== '../package.json' && ROOMS.indexOf(roomOf(imported)) < ROOMS.indexOf(roomOf(path)))
        upward.push(`${path} -> ${imported}`);
    }
  }
  expect(upward).toEqual([]);
});

test('the command line and the API do not know each other', () => {
  const known = sourceFiles()
    .filter((path) => roomOf(path) === 'cli' && !path.endsWith('.test.ts'))
    .filter((path) => importsOf(path).some((imported) => roomOf(imported) === 'api'));
  expect(known).toEqual([]);
});

test('folders do not import each other in circles', () => {
  const imports = new Map<string, Set<string>>();
  for (const path of sourceFiles().filter((name) => !name.endsWith('.test.ts'))) {
    const folder = dirname(path);
    const known = imports.get(folder) ?? new Set();
    imports.set(folder, known);
    for (const imported of importsOf(path)) {
      if (!imported.startsWith('..') && dirname(imported) !== folder) known.add(dirname(imported));
    }
  }
  expect(findCircle(imports)).toBeUndefined();
});

test('a circle is found, however long it is', () => {
  const folders = (...arrows: [string, string[]][]) => new Map(arrows.map(([from, to]) => [from, new Set(to)]));
  expect(findCircle(folders(['a', ['b', 'c']], ['b', ['c']], ['c', []]))).toBeUndefined();
  expect(findCircle(folders(['a', ['b']], ['b', ['c']], ['c', ['b']]))).toEqual(['b', 'c', 'b']);
});

/** Node's own function never returns where nothing can be created, and reports a full disk as a missing path. */
test('directories are created by one function', () => {
  const others = sourceFiles()
    .filter((path) => !path.endsWith('.test.ts'))
    .filter((path) => /mkdir(Sync)?\([^)]*recursive/.test(readFileSync(join(source, path), 'utf8')));
  expect(others).toEqual([]);
});

test('timers are started only where any delay works', () => {
  const direct =
    /(?<![\w.])set(Timeout|Interval)\(|\.setTimeout\(|AbortSignal\.timeout|set(Timeout|Interval)\b.*from 'node:timers/;
  const starters = sourceFiles().filter(
    (path) => !path.endsWith('.test.ts') && direct.test(readFileSync(join(source, path), 'utf8')),
  );
  // The intervals are constants, or shorter than one.
  const withReason = [
    'base/timers.ts',
    'embedded/check-point-timer.ts',
    'log/log-pinner.ts',
    'repository/lease/run-lock.ts',
    'repository/writing/base-writer.ts',
  ];
  expect(starters.map((path) => path.split(sep).join('/')).sort()).toEqual(withReason);
});
