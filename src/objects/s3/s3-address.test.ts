import { expect, it } from 'vitest';
import type { GraphkeepError } from '../../base/errors.ts';
import { parseS3Address } from './s3-address.ts';

it('an address has a bucket, and may have a path, an endpoint and a region', () => {
  const aws = { endpoint: undefined, region: undefined, pathStyle: false, lock: undefined };
  expect(parseS3Address('s3://my.bucket-1')).toEqual({ bucket: 'my.bucket-1', prefix: '', ...aws });
  expect(parseS3Address('s3://bucket/a/b/')).toEqual({ bucket: 'bucket', prefix: 'a/b', ...aws });
  expect(parseS3Address('s3://bucket/a?region=eu-west-1&path-style=true')).toEqual({
    bucket: 'bucket',
    prefix: 'a',
    endpoint: undefined,
    region: 'eu-west-1',
    pathStyle: true,
    lock: undefined,
  });
});

it('with an endpoint of its own a bucket is in the path, and any region will do', () => {
  const own = { endpoint: 'https://s3.example:9000', region: 'us-east-1', pathStyle: true, lock: undefined };
  expect(parseS3Address('s3://bucket?endpoint=https://s3.example:9000/')).toEqual({
    bucket: 'bucket',
    prefix: '',
    ...own,
  });
  const virtual = parseS3Address('s3://bucket?endpoint=https%3A%2F%2Fs3.example%3A9000&path-style=false&region=x');
  expect(virtual).toEqual({ bucket: 'bucket', prefix: '', ...own, region: 'x', pathStyle: false });
});

it('an address may say how long new objects are protected', () => {
  expect(parseS3Address('s3://bucket?lock-days=30').lock).toEqual({ days: 30, mode: 'governance' });
  const strict = 's3://bucket?lock-days=36500&lock-mode=compliance';
  expect(parseS3Address(strict).lock).toEqual({ days: 36_500, mode: 'compliance' });
});

it.each([
  's3:',
  's3://',
  's3:///path',
  's3://bucket:9000/x',
  's3://bucket/a//b',
  's3://bucket/a b',
  's3://bucket/.tmp-x',
  `s3://bucket/${'x/'.repeat(101)}`,
  's3://bucket?endpoint=host:9000',
  's3://bucket?endpoint=ftp://host',
  's3://bucket?endpoint=https://host?x=1',
  's3://bucket?endpoint=',
  's3://bucket?path-style=yes',
  's3://bucket?path_style=true',
  's3://bucket?region=a&region=b',
  's3://bucket?lock-mode=governance',
  's3://bucket?lock-days=0',
  's3://bucket?lock-days=1.5',
  's3://bucket?lock-days=36501',
  's3://bucket?lock-days=30d',
  's3://bucket?lock-days=30&lock-mode=strict',
])('%s is refused', (text) => {
  expect(() => parseS3Address(text)).toThrow(expect.objectContaining({ code: 'object.address' }));
});

it.each([
  's3://id:hush@bucket',
  's3://bucket?endpoint=https://id:hush@host',
  's3://id:hush@bu cket',
  's3://bucket?endpoint=//id:hush@',
])('a password in an address is refused and not shown: %s', (text) => {
  try {
    parseS3Address(text);
    expect.fail('it was accepted');
  } catch (error) {
    const { code, message, observed, hint } = error as GraphkeepError;
    expect(code).toBe('object.address');
    expect(`${message} ${observed} ${hint}`).not.toContain('hush');
  }
});
