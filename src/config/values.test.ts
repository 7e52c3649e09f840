import { describe, expect, it } from 'vitest';
import type { GraphkeepError } from '../base/errors.ts';
import { completeAddress, parseAddress } from './addresses.ts';
import { parseDurationMs } from './durations.ts';
import { parseRetentionPolicy } from './retention-policy.ts';
import { formatBytes, parseHeapBytes, parsePageCacheBytes, parseSizeBytes } from './sizes.ts';

const K = 1024;

function refusal(parse: () => unknown): GraphkeepError {
  try {
    parse();
  } catch (error) {
    expect(error).toMatchObject({ code: 'usage' });
    return error as GraphkeepError;
  }
  throw new Error('the value was not refused');
}

describe('parsePageCacheBytes', () => {
  it.each([
    ['8m', 8 * K * K],
    ['8M', 8 * K * K],
    ['8MB', 8 * K * K],
    ['8 mb', 8 * K * K],
    [' 8m ', 8 * K * K],
    ['8k', 8 * K],
    ['2g', 2 * K ** 3],
    ['16448', 16448],
    ['0', 0],
  ])('parsePageCacheBytes reads %j', (text, bytes) => expect(parsePageCacheBytes(text)).toBe(bytes));

  // Each is refused by the real tool with the same text; the last one wraps around there.
  it.each([
    'bogus',
    '1.5m',
    '-8m',
    '+8m',
    '8mib',
    '800kx',
    '800000b',
    '1t',
    '8e',
    '0x800000',
    '8_m',
    '',
    '99999999999999999999',
  ])('parsePageCacheBytes refuses %j', (text) => {
    const { message, original } = refusal(() => parsePageCacheBytes(text));
    expect(original).toBe(`Invalid number format: '${text}'`);
    expect(message).toBe(`'${text}' is no size: write a number and a unit (k, m or g), as in 512m`);
  });
});

describe('parseSizeBytes and parseHeapBytes', () => {
  it('parseSizeBytes and parseHeapBytes know terabytes', () => {
    expect(parseSizeBytes('2T')).toBe(2 * K ** 4);
    expect(parseSizeBytes('2 M')).toBe(2 * K * K);
    expect(() => parseSizeBytes('1.5M')).toThrow('1.5M is not a valid size, must be e.g. 10, 5K, 1M, 11G');
    expect(parseHeapBytes('512m')).toBe(512 * K * K);
    expect(parseHeapBytes('2G')).toBe(2 * K ** 3);
  });
  it.each(['', '0', '-1', '5 m', '5mb', 'lots'])('HEAP_SIZE=%j is refused', (text) => {
    expect(() => parseHeapBytes(text)).toThrow("for environment variable 'HEAP_SIZE'");
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [8192, '8.00 kB'],
    [293_724, '286.84 kB'],
    [5 * K ** 3, '5.00 GB'],
  ])('formatBytes formats %d', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('parseDurationMs', () => {
  it.each([
    ['20m', 1_200_000],
    ['5', 5000],
    ['5S', 5000],
    ['5MS', 5],
    ['1h', 3_600_000],
    ['0', 0],
    ['2147483647h', 2_147_483_647 * 3_600_000],
  ])('parseDurationMs reads %j', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  it.each([
    ['5d', "Unrecognized unit 'd'. Valid units are: 'ms', 's', 'm' and 'h'; default unit is 's'"],
    ['1.5s', "Unrecognized unit '.5s'. Valid units are: 'ms', 's', 'm' and 'h'; default unit is 's'"],
    ['5 s', "Unrecognized unit ' s'. Valid units are: 'ms', 's', 'm' and 'h'; default unit is 's'"],
    ['abc', 'Missing numeric value'],
    ['-5', 'Missing numeric value'],
    [' 5s', 'Missing numeric value'],
    ['', 'For input string: ""'],
    ['99999999999', 'For input string: "99999999999"'],
    ['2147483648', 'For input string: "2147483648"'],
  ])('parseDurationMs refuses %j like the original', (text, original) => {
    const error = refusal(() => parseDurationMs(text));
    expect(error.original ?? error.message).toBe(original);
  });

  it.each([
    ['abc', "'abc' does not begin with a number: write a number and a unit (ms, s, m or h), as in 20m"],
    ['', 'a duration is needed: write a number and a unit (ms, s, m or h), as in 20m'],
    ['2147483648', '2147483648 is more than 2147483647: write a number and a unit (ms, s, m or h), as in 20m'],
  ])('parseDurationMs refuses %j in a sentence', (text, message) =>
    expect(refusal(() => parseDurationMs(text)).message).toBe(message),
  );
});

describe('parseAddress', () => {
  it.each([
    ['localhost', { host: 'localhost' }],
    ['localhost:21362', { host: 'localhost', port: 21362 }],
    [':21362', { port: 21362 }],
    ['', {}],
    [':', {}],
    ['127.0.0.1:', { host: '127.0.0.1' }],
    ['127.0.0.1:0', { host: '127.0.0.1' }],
    ['127.0.0.1:09', { host: '127.0.0.1', port: 9 }],
    ['127.0.0.1:+9', { host: '127.0.0.1', port: 9 }],
    ['127.0.0.1:9-', { host: '127.0.0.1', port: 9 }],
    ['127.0.0.1:21362-21370', { host: '127.0.0.1', port: 21362, lastPort: 21370 }],
    ['[::1]', { host: '::1' }],
    ['[::1]:21362', { host: '::1', port: 21362 }],
    ['[::1]x9', { host: '::1', port: 9 }],
    ['ha://127.0.0.1:21362', { host: '127.0.0.1', port: 21362 }],
    ['://127.0.0.1:9', { host: '127.0.0.1', port: 9 }],
    [' 127.0.0.1:9 ', { host: '127.0.0.1', port: 9 }],
    ['a b:1', { host: 'a b', port: 1 }],
    ['21362', { host: '21362' }],
  ])('parseAddress reads %j', (text, address) => expect(parseAddress(text)).toEqual(address));

  it.each([
    ['h:notaport', 'For input string: "notaport"'],
    ['h:99999999999', 'For input string: "99999999999"'],
    ['h:-1', 'For input string: ""'],
    ['h:1-2-3', 'Cannot have more than two port ranges: h:1-2-3'],
    ['h: 9', 'For input string: " 9"'],
    ['[::1]:', 'For input string: ""'],
    ['::1', '::1'],
    ['a:b:c', 'a:b:c'],
    ['[::1', '[::1'],
    ['a://b://127.0.0.1:9', 'a://b://127.0.0.1:9'],
    ['h:70000', 'Port must be between 1 and 65535: 70000'],
  ])('parseAddress refuses %j like the original', (text, original) => {
    const error = refusal(() => parseAddress(text));
    expect(error.original ?? error.message).toBe(original);
  });

  it.each([
    ['h:notaport', "'h:notaport' has no valid port: a number from 1 to 65535 is needed"],
    ['::1', "'::1' is no address: an IPv6 address stands in brackets, as in [::1]:6362"],
  ])('parseAddress refuses %j in a sentence', (text, message) =>
    expect(refusal(() => parseAddress(text)).message).toBe(message),
  );

  it('a typed address is completed by the configuration, then by the default', () => {
    const fallback = { host: '127.0.0.1', port: 6362 };
    expect(completeAddress({}, {}, fallback)).toEqual(fallback);
    expect(completeAddress({ host: 'a' }, { host: 'b', port: 5 }, fallback)).toEqual({ host: 'a', port: 5 });
    expect(completeAddress({ port: 7 }, { host: '[::1]', port: 5 }, fallback)).toEqual({ host: '::1', port: 7 });
  });
});

describe('parseRetentionPolicy', () => {
  it.each([
    ['true', { keep: 'all' }],
    ['keep_all', { keep: 'all' }],
    ['false', { keep: 'transactions', count: 1 }],
    [' keep_none ', { keep: 'transactions', count: 1 }],
    ['7 days', { keep: 'time', ms: 7 * 86_400_000 }],
    ['10k txs', { keep: 'transactions', count: 10 * K }],
    ['100M size', { keep: 'size', bytes: 100 * K * K }],
    ['2G entries', { keep: 'transactions', count: 2 * K ** 3 }],
    ['0 files', { keep: 'files', count: 0 }],
    ['1K hours', { keep: 'time', ms: K * 3_600_000 }],
  ])('parseRetentionPolicy reads %j', (text, policy) => expect(parseRetentionPolicy(text)).toEqual(policy));
  it.each([
    '10 weeks',
    '10  files',
    '10 Files',
    'TRUE',
    '',
    '2 days 2G',
    '10files',
    'k files',
    '10T size',
    '7',
    '7t days',
    '-1 files',
    '99999999999999999999 txs',
  ])('parseRetentionPolicy refuses %j', (text) =>
    expect(() => parseRetentionPolicy(text)).toThrow('must be `true`, `false` or of format'),
  );
});
