import { expect, test } from 'vitest';
import { errorCodes } from '../../src/base/error-codes.ts';
import { readFiles } from './project-files.ts';

/** Codes that no text contains as a whole, in quotes of any kind. */
function findUnheld(codes: readonly string[], texts: readonly string[]): string[] {
  return codes.filter((code) => {
    const quoted = new RegExp(`(['"\`])${code.replaceAll('.', '\\.')}\\1`);
    return !texts.some((text) => quoted.test(text));
  });
}

test('every error code is asserted by a test', () => {
  const tests = readFiles(/\.test\.ts$/).filter(({ path }) => !path.startsWith('test/tidy/'));
  const codes = Object.keys(errorCodes);
  const texts = tests.map(({ text }) => text);
  expect(findUnheld(codes, texts)).toEqual([]);
  expect(codes.length).toBeGreaterThan(60);
});

test('every error code is used by the product', () => {
  const files = readFiles(/^src\/.*(?<!\.test)\.ts$/).filter(({ path }) => path !== 'src/base/error-codes.ts');
  const texts = files.map(({ text }) => text);
  expect(findUnheld(Object.keys(errorCodes), texts)).toEqual([]);
});

test('a code that is only part of another one does not count', () => {
  expect(findUnheld(['tls.failed', 'tls.late', 'tls'], ["code: 'tls.failed.twice'", '"tls.late"'])).toEqual([
    'tls.failed',
    'tls',
  ]);
});
