import { describe, expect, it } from 'vitest';
import { hasCode } from '../../base/errors.ts';
import { backup, type CommandRow, checkConsistency, restore } from '../command-table.ts';
import { type ParsedArguments, parseArguments } from './argument-parser.ts';

// Every row was observed with the real 3.4.9 tool, unless it says otherwise.

const parse = (text: string, command: CommandRow = backup) => parseArguments(command, text.split(' '));

function messageOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    expect(hasCode(error, 'usage')).toBe(true);
    return (error as Error).message;
  }
}

describe('parseArguments refuses', () => {
  it.each([
    ['--foo', "unrecognized option: 'foo'"],
    ['-h', "unrecognized option: 'h'"],
    ['--=x', "unrecognized option: ''"],
    ['--', "unrecognized option: ''"],
    ['--na:me=x', "unrecognized option: 'na'"],
    ['-', "unrecognized arguments: '-'"],
    ['--fallback-to-full yes', "unrecognized arguments: 'yes'"],
    ['a b', "unrecognized arguments: 'a b'"],
    ['a --foo', "unrecognized option: 'foo'"],
  ])('parseArguments refuses %s', (text, message) => {
    expect(messageOf(() => parse(text))).toBe(message);
  });
});

describe('values', () => {
  const read = (text: string, read: (values: ParsedArguments) => unknown) => read(parse(text));

  it.each([
    ['--name=x', 'x'],
    ['-name=x', 'x'],
    ['---name=x', 'x'],
    ['--name x', 'x'],
    ['--name -', '-'],
    ['--name:foo=bar', 'bar'],
    ['--name=a=b', 'a=b'],
    ['--name=--version', '--version'],
    ['--name=x --name=', 'x'],
    ['--name= --name=x', 'x'],
  ])('parseArguments reads the value %s', (text, name) => {
    expect(read(text, (values) => values.mandatory('name'))).toBe(name);
  });

  it.each([
    ['', undefined],
    ['--cc-graph=', undefined],
    ['--cc-graph', true],
    ['--cc-graph=TRUE', true],
    ['--cc-graph=maybe', false],
    ['--cc-graph=1', false],
    ['--cc-graph true', true],
    ['--cc-graph False', false],
    ['--cc-graph --name=x', true],
  ])('parseArguments reads the flag %s', (text, flag) => {
    expect(parseArguments(backup, text.split(' ').filter(Boolean)).givenFlag('cc-graph')).toBe(flag);
  });

  it('an unknown option is noticed even before an empty argument', () => {
    expect(messageOf(() => parseArguments(backup, ['--bogus', '']))).toBe("unrecognized option: 'bogus'");
  });

  it('an empty argument counts for nothing', () => {
    expect(parseArguments(backup, ['--cc-graph', '', '--name=x', '']).mandatory('name')).toBe('x');
  });

  it('options without a value have the defaults of their rows', () => {
    const values = parseArguments(backup, []);
    expect(values.optional('from')).toBe('localhost:6362');
    expect(values.optional('additional-config')).toBeUndefined();
    expect(values.flag('fallback-to-full')).toBe(true);
    expect(values.flag('cc-property-owners')).toBe(false);
    expect(values.givenFlag('cc-property-owners')).toBeUndefined();
    expect(values.isGiven('from')).toBe(false);
  });

  it.each([
    ['', 'name', "Missing argument 'name'"],
    ['--name=', 'name', "Missing argument 'name'"],
    ['--name=x --name=x', 'name', "There are multiple values for 'name'"],
    // The original ends with `unexpected error: null` and the like.
    ['--name', 'name', "Missing argument 'name'"],
    ['--name --from=x', 'name', "Missing argument 'name'"],
    ["--name ''", 'name', "Missing argument 'name'"],
  ])('a missing mandatory option is reported: %s', (text, name, message) => {
    const args = text.split(' ').filter(Boolean);
    const values = parseArguments(
      backup,
      args.map((argument) => (argument === "''" ? '' : argument)),
    );
    expect(messageOf(() => values.mandatory(name))).toBe(message);
  });

  it.each([
    [backup, '--pagecache', 'pagecache', '8m'],
    [backup, '--additional-config', 'additional-config', undefined],
  ])('an option without a value may count as not given', (command, text, name, value) => {
    expect(parse(text, command).optional(name)).toBe(value);
  });

  it.each([
    [backup, '--cc-report-dir', 'cc-report-dir', 'cc-report-dir must be a path'],
    [checkConsistency, '--report-dir', 'report-dir', 'report-dir must be a valid path'],
    // The original ends with an exception of the JVM.
    [backup, '--from', 'from', "Missing argument 'from'"],
    [backup, '--timeout', 'timeout', "Missing argument 'timeout'"],
    [backup, '--protocol', 'protocol', "Missing argument 'protocol'"],
    [restore, '--database', 'database', "Missing argument 'database'"],
  ])('an option without a value may be refused', (command, text, name, message) => {
    expect(messageOf(() => parse(text, command).optional(name))).toBe(message);
  });
});
