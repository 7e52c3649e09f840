import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { UserPlace } from './installed-package.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const examples = join(repository, 'docs', 'examples');

/** What a program can import: a change here is a change of the API. */
const VALUES = [
  'BackupFailed',
  'EmbeddedDatabase',
  'GraphkeepError',
  'backup',
  'check',
  'describeError',
  'doctor',
  'dump',
  'followBackup',
  'load',
  'recover',
  'restore',
  'serve',
  'values',
];

const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };
const withNode = { ...strict, target: 'es2022', lib: ['es2022'], types: ['node'] };
const forBrowsers = { ...strict, target: 'es2022', lib: ['es2022', 'dom'], types: [] };

let place: UserPlace;
beforeAll(async () => {
  place = new UserPlace();
  writeFileSync(place.path('project', 'package.json'), JSON.stringify({ name: 'mine', type: 'module', private: true }));
  await place.install(inject('packed').archive, ['--no-save'], 'project');
  cpSync(examples, place.path('project'), { recursive: true });
  writeFileSync(
    place.path('project', 'all.ts'),
    "import * as all from 'graphkeep';\nexport const names = Object.keys(all);\n",
  );
});
afterAll(() => place.remove());

/** Compiles files of the project as somebody else's compiler would; returns what it says. */
function compile(files: readonly string[], compilerOptions: object): string {
  const project = place.path('project', 'tsconfig.json');
  const typeRoots = [join(repository, 'node_modules', '@types')];
  writeFileSync(project, JSON.stringify({ files, compilerOptions: { ...compilerOptions, typeRoots } }));
  try {
    const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
    return execFileSync(process.execPath, [compiler, '--project', project], { encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

describe('the types of the API', () => {
  const sources = readdirSync(examples);

  it.each([
    ['node16', { module: 'node16', moduleResolution: 'node16' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
  ])('the types of the API are sound for the examples, resolved as by %s', (_, resolution) => {
    expect(sources.length).toBeGreaterThan(2);
    expect(compile([...sources, 'all.ts'], { ...withNode, ...resolution })).toBe('');
  });

  it('the types of the API are sound without those of Node', () => {
    const resolution = { module: 'esnext', moduleResolution: 'bundler' };
    expect(compile(['all.ts'], { ...forBrowsers, ...resolution, noEmit: true })).toBe('');
  });

  it('the types of the API refuse what is wrong', () => {
    writeFileSync(
      place.path('project', 'wrong.ts'),
      "import { backup } from 'graphkeep';\nawait backup({ name: 7 });\n",
    );
    const resolution = { module: 'node16', moduleResolution: 'node16', noEmit: true };
    expect(compile(['wrong.ts'], { ...withNode, ...resolution })).toContain(
      "'number' is not assignable to type 'string'",
    );
  });
});

describe('the examples of the API', () => {
  let runs = 0;
  const run = async (example: string) => {
    const directory = join('work', String(++runs));
    place.make(directory);
    return await place.run(process.execPath, [place.path('project', `${example}.js`), place.path(directory)]);
  };
  beforeAll(() => {
    compile(readdirSync(examples), { ...withNode, module: 'node16', moduleResolution: 'node16' });
  });

  it('an example backs up and restores', async () => {
    expect(await run('back-up-and-restore')).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^full backup up to transaction (\d+)\nincremental backup up to transaction \d+\nrestored all files\nAda 1815n\nGrace 1906n\n$/,
      ),
      stderr: '',
    });
  });

  it('an example tells what happens, and why a backup failed', async () => {
    const { code, stdout, stderr } = await run('events-and-errors');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^trying a full backup, \w+ protocol$/m);
    expect(stdout).toMatch(/^peer\.unreachable: /m);
    expect(stdout).toMatch(/^common: .*127\.0\.0\.1:9/m);
    expect(stdout).toMatch(/^the server is down: try again later$/m);
  });

  it('an example checks and packs a database', async () => {
    expect(await run('check-and-archive')).toEqual({ code: 0, stdout: 'consistent\ndumped and loaded\n', stderr: '' });
  });

  it('every example is run here', () => {
    expect(runs).toBe(readdirSync(examples).length);
  });
});

describe('the package', () => {
  const evaluate = (code: string) => place.run(process.execPath, ['--input-type=module', '--eval', code], 'project');

  it('the package offers these names and no others', async () => {
    const code = "console.log(Object.keys(await import('graphkeep')).sort().join())";
    expect(await evaluate(code)).toEqual({ code: 0, stdout: `${VALUES.join()}\n`, stderr: '' });
  });

  it.each([
    'graphkeep/dist/index.js',
    'graphkeep/dist/graphkeep.js',
    'graphkeep/src/api/index.ts',
    'graphkeep/bin/graphkeep',
  ])('the package does not let %s be imported', async (name) => {
    const code = `await import('${name}').catch((error) => console.log(error.code))`;
    expect((await evaluate(code)).stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
});
