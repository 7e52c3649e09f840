import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nativeCommands, variableOf } from '../command-table.ts';
import type { Given } from '../given-values.ts';
import { readEnvironment } from './environment-options.ts';
import { type Layer, settleLayers } from './option-layers.ts';

const command = (name: string) => nativeCommands.find((row) => row.name === name)!;
const typed = (given: Given): Layer => ({ given, originOf: () => undefined });
const set = (given: Given, variable = 'V'): Layer => ({ given, originOf: () => ({ variable }) });
const settle = (name: string, ...layers: Layer[]) => settleLayers(command(name), layers).given;

describe('the options of several layers', () => {
  it('an option of an earlier layer counts', () => {
    const { given, origins } = settleLayers(command('backup'), [
      typed({ timeout: '1s' }),
      set({ timeout: '2s', from: 'a' }, 'ENVIRONMENT'),
      set({ timeout: '3s', from: 'b', protocol: 'common' }, 'FILE'),
    ]);
    expect(given).toEqual({ timeout: '1s', from: 'a', protocol: 'common' });
    expect([...origins]).toEqual([
      ['from', { variable: 'ENVIRONMENT' }],
      ['protocol', { variable: 'FILE' }],
    ]);
  });

  it('a place that is typed takes the place of another one', () => {
    expect(settle('backup', typed({ to: '/b' }), set({ repo: 'r', 'backup-dir': '/x', name: 'n' }))).toEqual({
      to: '/b',
    });
    expect(settle('backup', typed({ repo: 'r' }), set({ to: '/b' }))).toEqual({ repo: 'r' });
    expect(settle('restore', typed({ from: '/b' }), set({ repo: 'r', identity: 'k' }))).toEqual({ from: '/b' });
    expect(settle('serve', typed({ live: '/n' }), set({ database: '/d' }))).toEqual({ live: '/n' });
    expect(settle('verify', typed({ 'identity-command': 'p' }), set({ repo: 'r', identity: 'k' }))).toEqual({
      'identity-command': 'p',
      repo: 'r',
    });
  });

  it('options of one layer that exclude each other stay, for the command to refuse', () => {
    expect(settle('backup', typed({ to: '/b', repo: 'r' }))).toEqual({ to: '/b', repo: 'r' });
    expect(settle('backup', typed({}), set({ to: '/b', repo: 'r' }))).toEqual({ to: '/b', repo: 'r' });
  });

  it('a flag that is set to its default excludes nothing', () => {
    expect(settle('info', typed({ verbose: false }), set({ verbose: true }))).toEqual({ verbose: false });
    expect(settle('check', typed({ quiet: false }), set({ verbose: true }))).toEqual({ quiet: false, verbose: true });
    expect(settle('check', typed({ quiet: true }), set({ verbose: true }))).toEqual({ quiet: true });
    expect(settle('repo', typed({ encryption: false }), set({ recipients: 'r' }))).toEqual({ encryption: false });
    expect(settle('repo', typed({ encryption: true }), set({ recipients: 'r' })).recipients).toBe('r');
  });

  it('what means nothing without another option counts only if it was typed', () => {
    const ofRepository = { database: 'd', 'credentials-command': 'c' };
    expect(settle('backup', typed({ to: '/b' }), set(ofRepository))).toEqual({ to: '/b' });
    expect(settle('backup', typed({ repo: 'r' }), set(ofRepository))).toEqual({ repo: 'r', ...ofRepository });
    expect(settle('backup', typed({ to: '/b', database: 'd' }))).toEqual({ to: '/b', database: 'd' });
  });

  it('the file says how often a backup follows, and never that it does', () => {
    const file = (follow: string): Layer => ({ ...set({ follow }, 'FILE'), isFile: true });
    expect(settle('backup', typed({}), file('5s'))).toEqual({});
    expect(settle('backup', typed({ follow: true }), file('5s'), file('6s'))).toEqual({ follow: '5s' });
    expect(settle('backup', typed({ follow: '1s' }), file('5s'))).toEqual({ follow: '1s' });
    expect(settle('backup', set({ follow: true }), file('5s'))).toEqual({ follow: '5s' });
    expect(settle('backup', set({ follow: '2s' }), file('5s'))).toEqual({ follow: '2s' });
  });

  it('options of other commands are not taken', () => {
    expect(settle('inspect', set({ repo: 'r', verbose: true }))).toEqual({ verbose: true });
  });

  it('every option is that of the first layer that has it, if none excludes another', () => {
    const free = command('check')
      .options.filter(({ kind }) => kind === 'flag')
      .map(({ name }) => name);
    const names = free.filter((name) => name !== 'quiet' && name !== 'verbose');
    const layer = fc.dictionary(fc.constantFrom(...names), fc.boolean());
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 4 }), (layers) => {
        const given = settle('check', ...layers.map((one) => set(one)));
        for (const name of names) expect(given[name]).toBe(layers.find((one) => Object.hasOwn(one, name))?.[name]);
      }),
    );
  });
});

describe('variables', () => {
  const read = (name: string, env: Record<string, string>) => readEnvironment(command(name), { env } as never).given;

  it('a variable is named after its option', () => {
    const env = { GRAPHKEEP_REPO: 'r', GRAPHKEEP_RATE_LIMIT: '50m', GRAPHKEEP_CHECK_CONSISTENCY: 'false' };
    expect(read('backup', env)).toEqual({ repo: 'r', 'rate-limit': '50m', 'check-consistency': false });
    expect(read('info', env)).toEqual({ repo: 'r' });
    expect(read('backup', { GRAPHKEEP_FOLLOW: 'true' })).toEqual({ follow: true });
    expect(read('backup', { GRAPHKEEP_FOLLOW: '10s' })).toEqual({ follow: '10s' });
  });

  it('a variable has the name of the command too where the option means something else', () => {
    const env = {
      GRAPHKEEP_FROM: '10.0.0.1',
      GRAPHKEEP_TO: '/b',
      GRAPHKEEP_RESTORE_FROM: '/r',
      GRAPHKEEP_DATABASE: 'd',
    };
    expect(read('backup', env)).toEqual({ from: '10.0.0.1', to: '/b', database: 'd' });
    expect(read('restore', env)).toEqual({ from: '/r', database: 'd' });
    expect(read('serve', { ...env, GRAPHKEEP_SERVE_DATABASE: '/d' })).toEqual({ database: '/d' });
    expect(read('dump', env)).toEqual({ database: 'd' });
  });

  it('permission to destroy is typed, and the moment of a restore', () => {
    const env = {
      GRAPHKEEP_FORCE: 'true',
      GRAPHKEEP_CONFIRM: 'true',
      GRAPHKEEP_UNTIL: '5',
      GRAPHKEEP_RESTORE_FORCE: 'true',
    };
    expect(read('restore', env)).toEqual({});
    expect(read('load', env)).toEqual({});
    expect(read('prune', env)).toEqual({});
  });

  it('an empty variable, and a flag that is neither true nor false, are refused', () => {
    expect(() => read('backup', { GRAPHKEEP_REPO: '' })).toThrow('GRAPHKEEP_REPO must not be empty');
    expect(() => read('backup', { GRAPHKEEP_JSON: 'yes' })).toThrow("GRAPHKEEP_JSON must be true or false, not 'yes'");
    expect(read('backup', { GRAPHKEEP_SERVICE_HOST: '', GRAPHKEEP_PORT: 'tcp://10.0.0.1:80' })).toEqual({});
  });

  it('two options share a variable only if they share a name', () => {
    const names = new Map<string, Set<string>>();
    for (const { name, options } of nativeCommands) {
      for (const row of options) {
        const variable = variableOf(name, row);
        if (variable !== undefined) names.set(variable, (names.get(variable) ?? new Set()).add(row.name));
      }
    }
    expect([...names].filter(([, options]) => options.size > 1)).toEqual([]);
    expect(names.size).toBeGreaterThan(40);
  });

  it('options of one variable have the same kind of value in every command', () => {
    const examples = new Map<string, Set<string>>();
    for (const { name, options } of nativeCommands) {
      for (const row of options) {
        const variable = variableOf(name, row);
        if (variable !== undefined) examples.set(variable, (examples.get(variable) ?? new Set()).add(row.example));
      }
    }
    expect([...examples].filter(([, kinds]) => kinds.size > 1)).toEqual([]);
  });

  it('rules about options name options', () => {
    const rows = nativeCommands.flatMap(({ options }) => options);
    const known = new Set(rows.map(({ name }) => name));
    const named = rows.flatMap(({ excludes = [], only }) => [...excludes, ...(only === undefined ? [] : [only])]);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    expect(named.length).toBeGreaterThan(20);
  });
});
