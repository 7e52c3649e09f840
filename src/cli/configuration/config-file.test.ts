import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../../../test/support/commands/world.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { nativeCommands, retention } from '../command-table.ts';
import { ConfigFile } from './config-file.ts';
import { findForeignWriters } from './file-text.ts';

let world: World;
let file: string;
beforeAll(async () => {
  world = await World.create();
  file = world.path('graphkeep.yaml');
});
afterAll(() => world.close());

async function read(text: string | Buffer, env: Record<string, string> = {}): Promise<ConfigFile> {
  writeFileSync(file, text);
  return await ConfigFile.read(file, { ...world.context(), env });
}

async function errorOf(text: string | Buffer, env: Record<string, string> = {}): Promise<GraphkeepError> {
  const error: unknown = await read(text, env).catch((thrown: unknown) => thrown);
  if (!(error instanceof GraphkeepError)) expect.fail(`no error of ours: ${String(error)}`);
  expect(['config', 'config.unreadable']).toContain(error.code);
  expect(error.place?.file).toBe(file);
  return error;
}

/** Message and place as `line:column`. */
async function faultOf(text: string | Buffer, env?: Record<string, string>): Promise<string[]> {
  const { message, place } = await errorOf(text, env);
  return [message, `${place?.line}:${place?.column}`];
}

const main = 'repositories:\n  main:\n    url: /r\n';

describe('a sound configuration file', () => {
  it('a sound configuration file gives options as if they had been typed', async () => {
    const config = await read(
      `${main}    retention: { keepLast: 3, pointInTime: 14d }\n` +
        'databases:\n  graph.db:\n    from: 10.0.0.1:6362\n    repositories: [main]\n    timeout: 90\n    checkConsistency: false\n' +
        'commands:\n  check:\n    reportDir: reports\n',
    );
    const backup = nativeCommands.find(({ name }) => name === 'backup')!.options;
    expect(config.optionsAt(['databases', 'graph.db'], backup)).toEqual({
      from: '10.0.0.1:6362',
      timeout: '90',
      'check-consistency': false,
    });
    expect(config.optionsAt(['repositories', 'main', 'retention'], retention)).toEqual({
      'keep-last': '3',
      'point-in-time': '14d',
    });
    const check = nativeCommands.find(({ name }) => name === 'check')!.options;
    expect(config.optionsAt(['commands', 'check'], check)).toEqual({ 'report-dir': world.path('reports') });
    expect(config.optionsAt(['commands', 'serve'], check)).toEqual({});
    expect([config.repositoryNames, config.databaseNames]).toEqual([['main'], ['graph.db']]);
  });

  it('relative paths count from the directory of the file', async () => {
    const urls = ['r', './r', '../r', '/r', 'file:r', 'file:/r', 's3://b/p?endpoint=http://h:1'];
    const found = await Promise.all(
      urls.map(async (url, i) => {
        const own = world.path(`urls-${i}.yaml`);
        writeFileSync(own, `repositories: { main: { url: "${url}" } }`);
        const config = await ConfigFile.read(own, world.context());
        return config.urlOf(config.repository('main')!);
      }),
    );
    const [here, above] = [world.root, dirname(world.root)];
    expect(found).toEqual([
      `${here}/r`,
      `${here}/r`,
      `${above}/r`,
      '/r',
      `file:${here}/r`,
      'file:/r',
      's3://b/p?endpoint=http://h:1',
    ]);
    const config = await read('databases: { d: { from: "file:neo4j", to: backups/d, additionalConfig: /c } }');
    const backup = nativeCommands.find(({ name }) => name === 'backup')!.options;
    expect(config.optionsAt(['databases', 'd'], backup)).toEqual({
      from: `file:${world.path('neo4j')}`,
      to: world.path('backups', 'd'),
      'additional-config': '/c',
    });
  });

  it('variables are replaced in texts, and not in commands', async () => {
    const ref = `${'$'}{WHERE}`;
    const text = `repositories: { main: { url: "s3://${ref}/x", credentials: { command: [p, "${ref}"] } } }`;
    const entry = (await read(text, { WHERE: 'bucket' })).repository('main')!;
    expect(entry).toMatchObject({ url: 's3://bucket/x', credentials: { command: ['p', ref] } });
  });

  it('anchors are for who repeats himself', async () => {
    const config = await read(
      'repositories:\n  a: { url: /a, retention: &r { keepLast: 2 } }\n  b: { url: /b, retention: *r }\n',
    );
    expect(config.optionsAt(['repositories', 'b', 'retention'], retention)).toEqual({ 'keep-last': '2' });
  });

  it('a mark at the beginning of the file, and names that objects have of their own, are harmless', async () => {
    const config = await read(`\uFEFF${main}databases: { constructor: { from: h } }\n`);
    expect(config.database('constructor')).toEqual({ from: 'h' });
    expect([config.database('toString'), config.repository('valueOf')]).toEqual([undefined, undefined]);
  });

  it.skipIf(process.platform === 'win32')('a pipe is read like a file', async () => {
    const pipe = world.path('pipe');
    execFileSync('mkfifo', [pipe]);
    const writing = execFileSync.bind(undefined, 'bash', [
      '-c',
      `printf '${main.replaceAll('\n', '\\n')}' > "$0" &`,
      pipe,
    ]);
    writing({ stdio: 'ignore' });
    const config = await ConfigFile.read(pipe, world.context());
    expect(config.repositoryNames).toEqual(['main']);
    expect(config.pathOf('relative')).toBe(world.path('work', 'cwd', 'relative'));
    expect(await findForeignWriters(pipe)).toBeUndefined();
  });
});

describe('what is wrong in a configuration file', () => {
  it.each<[string, string, string, string]>([
    [
      'an unknown key',
      'repositorys: {}',
      "there is no key 'repositorys' at the top; did you mean 'repositories'?",
      '1:1',
    ],
    [
      'an unknown key in a repository',
      `${main}    encryption:\n      recipient: [age1]\n`,
      "there is no key 'recipient' in 'repositories.main.encryption'; did you mean 'recipients'?",
      '5:7',
    ],
    [
      'an option as it is typed',
      'databases:\n  d:\n    rate-limit: 5m\n',
      "there is no key 'rate-limit' in 'databases.d'; did you mean 'rateLimit'?",
      '3:5',
    ],
    ['a key that resembles none', 'zzz: 1', "there is no key 'zzz' at the top", '1:1'],
    [
      'an unknown command',
      'commands: { bakcup: {} }',
      "there is no key 'bakcup' in 'commands'; did you mean 'backup'?",
      '1:13',
    ],
    [
      'what only may be typed',
      'commands: { prune: { confirm: true } }',
      "there is no key 'prune' in 'commands'",
      '1:13',
    ],
    ['a missing key', 'repositories:\n  main: {}\n', "'repositories.main.url' is missing", '2:3'],
    ['nothing', 'repositories:\n  main:\n', "'repositories.main' must have keys below it", '2:8'],
    ['a number for a text', 'repositories:\n  main:\n    url: 5\n', "'repositories.main.url' must be a text", '3:10'],
    [
      'a text for a number',
      `${main}    retention:\n      keepLast: many\n`,
      "'repositories.main.retention.keepLast' must be a whole number",
      '5:17',
    ],
    [
      'too small a number',
      `${main}    retention: { keepLast: 0 }`,
      "'repositories.main.retention.keepLast' must be at least 1",
      '4:28',
    ],
    [
      'a word for a flag',
      'databases:\n  d:\n    checkConsistency: no\n',
      "'databases.d.checkConsistency' must be true or false",
      '3:23',
    ],
    ['a home directory', 'repositories: { main: { url: ~/backups } }', '~ does not stand for a directory here', '1:30'],
    [
      'another option for a directory',
      'databases: { d: { backupDir: /b } }',
      "there is no key 'backupDir' in 'databases.d'",
      '1:19',
    ],
    ['an empty text', `repositories: { main: { url: "" } }`, "'repositories.main.url' must not be empty", '1:30'],
    [
      'a bad name',
      'repositories:\n  a/b: { url: /r }\n',
      'a repository must have a name of up to 64 letters, digits, dashes and underscores',
      '2:3',
    ],
    [
      'a command as a text',
      'repositories: { m: { url: /r, credentials: { command: "a b" } } }',
      expect.stringContaining('list of words') as never,
      '1:55',
    ],
    [
      'a secret in place of its source',
      `${main}    encryption: { identity: hush }`,
      "'repositories.main.encryption.identity' must be { file: /path } or { command: [program, argument] }; a secret itself never stands here",
      '4:29',
    ],
    [
      'two sources',
      `${main}    encryption: { identity: { file: a, command: [b] } }`,
      expect.stringContaining('must be { file') as never,
      '4:29',
    ],
    [
      'a repository that is not there',
      `${main}databases:\n  d: { from: h, repositories: [mian] }\n`,
      "there is no repository 'mian' in this file; did you mean 'main'?",
      '5:32',
    ],
    ['a repository twice', `${main}databases: { d: { repositories: [main, main] } }`, "'main' is there twice", '4:40'],
    [
      'a directory and repositories',
      `${main}databases:\n  d:\n    repositories: [main]\n    to: /b\n`,
      "'databases.d' has both repositories and to: its backups go either way",
      '7:5',
    ],
    ['a list at the top', '- a\n- b\n', 'the configuration file is a list or a text, not a mapping', '1:1'],
    ['a text at the top', 'hello', 'the configuration file is a list or a text, not a mapping', '1:1'],
    ['a key twice', `${main}    url: /s\n`, "the key 'url' is there twice; the first one is in line 3", '4:5'],
    [
      'a number and its text as keys',
      'databases: { 1: {}, "1": {} }',
      "the key '1' is there twice; the first one is in line 1",
      '1:21',
    ],
    ['a list as a key', '? [a, b]\n: c\n', 'a key must be a single word', '1:3'],
    ['a prototype', 'databases: { __proto__: { from: h } }', "there is no key '__proto__'", '1:14'],
    [
      'the first of two faults',
      'commands: { serve: { lisen: x } }\ndatabases: []\n',
      expect.stringContaining('lisen') as never,
      '1:22',
    ],
    [
      'an alias of what contains it',
      'databases: &d\n  x: *d\n',
      expect.stringMatching(/too much|aliases/) as never,
      '2:6',
    ],
    [
      'a variable that is not set',
      `repositories: { main: { url: "${'$'}{NOPE}" } }`,
      'the variable NOPE is not set',
      '1:30',
    ],
  ])('%s has its place and what to do', async (_, text, message, place) => {
    expect(await faultOf(text)).toEqual([message, place]);
  });

  it.each<[string, string, RegExp]>([
    ['a tab in front of a line', 'repositories:\n\tmain: {}\n', /^the configuration file is not valid YAML: .*[Tt]ab/],
    ['an open bracket', 'repositories: [', /^the configuration file is not valid YAML: /],
    ['a merge key', 'databases: { a: &a { from: h }, b: { <<: *a } }', /^there is no key '<<' in 'databases.b'$/],
    ['two documents', `${main}---\n${main}`, /multiple documents/],
    ['a tag', 'databases: !secret x', /not valid YAML|tags have no meaning/],
    ['an alias of nothing', 'databases: *nobody', /^there is no anchor 'nobody'/],
  ])('%s is an error with its line', async (_, text, message) => {
    const error = await errorOf(text);
    expect(error.message).toMatch(message);
    expect(error.place?.line).toBeGreaterThan(0);
  });

  it.each<[string, string | Buffer, string]>([
    ['an empty file', '', 'the configuration file is empty'],
    ['a file of comments', '# nothing\n---\n', 'the configuration file is empty'],
    ['a huge file', `# ${'x'.repeat(1 << 20)}`, 'the configuration file is larger than 1 MiB'],
    ['a deep file', `databases: ${'['.repeat(1_000_000)}`, 'the configuration file is nested too deeply'],
    ['a deep list', '- '.repeat(300_000), 'the configuration file is nested too deeply'],
    ['a file of errors', 'a: ]\n'.repeat(100_000), 'the configuration file has too much in it'],
  ])('%s is an error', async (_, text, message) => {
    expect((await errorOf(text)).message).toBe(message);
  });

  it('a file in another character set is an error with its line', async () => {
    const error = await errorOf(Buffer.from('# caf\u00e9\ndatabases: {}\n'.replace('# ', 'x: 1\n# '), 'latin1'));
    expect([error.message, error.place?.line]).toEqual(['the configuration file is not in UTF-8', 2]);
  });

  it('a file that cannot be read is an error', async () => {
    const missing = world.path('missing.yaml');
    await expect(ConfigFile.read(missing, world.context())).rejects.toMatchObject({
      code: 'config.unreadable',
      message: 'there is no such configuration file',
      place: { file: missing },
    });
    mkdirSync(world.path('folder.yaml'));
    await expect(ConfigFile.read(world.path('folder.yaml'), world.context())).rejects.toMatchObject({
      code: 'config.unreadable',
      message: 'cannot read the configuration file',
    });
  });
});

describe('a hostile configuration file', () => {
  it('aliases of aliases do not fill the memory', async () => {
    const levels = Array.from(
      { length: 15 },
      (_, i) => `  l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`,
    );
    const started = performance.now();
    const error = await errorOf(`databases:\n  l0: &l0 [x]\n${levels.join('\n')}\n`);
    expect(error.message).toMatch(/^there are more than 100 aliases|too much in it/);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('hundreds of thousands of keys are refused within seconds', async () => {
    const started = performance.now();
    const text = Array.from({ length: 100_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect((await errorOf(text)).message).toMatch(/too much in it/);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('a secret identity is refused wherever it stands, and never shown', async () => {
    const secret = 'AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L';
    const texts = [
      `${main}    encryption: { identity: ${secret} }`,
      `${main}    encryption: { identity: { command: [echo, ${secret}] } }`,
      `${main}    # ${secret}\n`,
      `${secret}: 1`,
      `databases: { d: { from: "age-secret-key-1xyz" } }`,
      `databases: { d: { from: "AGE\\x2dSECRET-KEY-1QQPZ" } }`,
      `databases: { d: { from: "${'$'}{KEY}" } }`,
      `${main}[ ${secret}`,
    ];
    for (const text of texts) {
      const error = await errorOf(text, { KEY: secret });
      expect(error.message, text).toBe('there is a secret identity of age in the configuration');
      expect(error.place?.line, text).toBeGreaterThan(0);
      expect(`${error.message} ${error.observed} ${error.hint} ${error.stack}`).not.toMatch(/1QQPZ|1xyz/);
    }
  });

  it('any text is read or refused with an error of ours', async () => {
    const words = [
      'repositories',
      'databases',
      'url',
      'from',
      'main',
      ': ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '&a',
      '*a',
    ];
    const more = ['"', "'", '|', '>', '#', '!!', '%', '?', ',', '\t', '\u0000', '\ud7ff', '1', '~', '<<', '---\n'];
    const unit = fc.constantFrom(...words, ...more);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit, maxLength: 40 }), async (text) => {
        writeFileSync(file, text);
        const result = await ConfigFile.read(file, { ...world.context(), env: {} }).catch((error: unknown) => error);
        if (result instanceof ConfigFile) return;
        expect(result, text).toBeInstanceOf(GraphkeepError);
        expect((result as GraphkeepError).code, text).toBe('config');
      }),
    );
  });
});

it.skipIf(process.platform === 'win32')('others who may change the configuration file are noticed', async () => {
  await read(main);
  for (const [mode, found] of [
    [0o600, undefined],
    [0o644, undefined],
    [0o664, '0664'],
    [0o646, '0646'],
  ] as const) {
    chmodSync(file, mode);
    expect(await findForeignWriters(file)).toBe(found);
  }
});
