import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, it } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const { files } = inject('packed');

/** Every kind of file that the package has, and nothing else. */
const KINDS: Record<string, RegExp> = {
  description: /^package\.json$/,
  'schema of the configuration file': /^graphkeep\.schema\.json$/,
  licence: /^LICENSE$/,
  pages: /^(README|CHANGELOG|CONTRIBUTING)\.md$/,
  programs: /^bin\/(graphkeep|neo4j-admin)$/,
  'code of the programs': /^dist\/(graphkeep|neo4j-admin)\.js$/,
  'code of the API': /^dist\/index\.js$/,
  'code of the threads of the check': /^dist\/check-worker\.js$/,
  'code of the threads that seal': /^dist\/seal-worker\.js$/,
  'code of the threads that unseal': /^dist\/unseal-worker\.js$/,
  'shared code': /^dist\/[a-z0-9-]+-[A-Z0-9]{8}\.js$/,
  'types of the API': /^dist\/index\.d\.ts$/,
  documents: /^docs\/(formats\/)?[a-z-]+\.md$/,
  examples: /^docs\/examples\/[a-z-]+\.ts$/,
};

const isText = (value: unknown) => typeof value === 'string';
const kindsOf = (path: string) => Object.keys(KINDS).filter((kind) => KINDS[kind]!.test(path));

describe('the package', () => {
  it('the package has files of every kind, and no others', () => {
    expect(files.filter((path) => kindsOf(path).length !== 1)).toEqual([]);
    expect([...new Set(files.flatMap(kindsOf))].sort()).toEqual(Object.keys(KINDS).sort());
  });

  it('the package has all documents, and every code file that is built', () => {
    const inFolder = (folder: string) =>
      readdirSync(`${repository}/${folder}`, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => posix.relative(repository, posix.join(entry.parentPath, entry.name)));
    const packed = (folder: string) => files.filter((path) => path.startsWith(`${folder}/`));
    expect(packed('docs')).toEqual(inFolder('docs').sort());
    expect(packed('dist')).toEqual(inFolder('dist').sort());
  });

  it('the package has what its documents link to', () => {
    const dangling = files
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) => {
        const text = readFileSync(`${repository}/${path}`, 'utf8');
        const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);
        return targets.map((target) => ({ path, to: posix.join(dirname(path), target) }));
      })
      .filter(({ to }) => !files.includes(to) && !files.some((path) => path.startsWith(`${to.replace(/\/$/, '')}/`)));
    expect(dangling).toEqual([]);
  });

  it('the package names no file that it does not have', () => {
    const { bin, exports } = JSON.parse(readFileSync(`${repository}/package.json`, 'utf8'));
    const named = [
      ...Object.values(bin),
      ...Object.values(exports['.']),
      ...Object.values(exports).filter(isText),
    ] as string[];
    expect(named.length).toBeGreaterThan(4);
    expect(named.map((path) => posix.normalize(path)).filter((path) => !files.includes(path))).toEqual([]);
    expect(existsSync(`${repository}/dist/index.d.ts`)).toBe(true);
  });
});
