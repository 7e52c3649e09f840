import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { asGraphkeepError } from '../base/file-errors.ts';
import { STANDARD_FORMAT } from '../store/files/store-format.ts';
import * as pointValue from '../store/values/point-value.ts';
import { findArrayDamage } from '../store/values/value-damage.ts';
import { isDamage } from './findings/damage.ts';
import type { Finding } from './findings/finding.ts';
import { checkStore } from './store-check.ts';

/** A bug of ours must not be reported as damage to the store: the user would throw away a good backup. */

vi.mock('../store/values/point-value.ts', { spy: true });

let root: string;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
  await unpackCorpus('corruptions/base35.tar.gz', root);
});
afterAll(() => removeDirectory(root));
afterEach(() => vi.restoreAllMocks());

const mistake = new TypeError('cannot read properties of undefined');
const { node, relationship, relationshipGroup, property, token, propertyKey } = STANDARD_FORMAT;

test.each([
  ['nodes', node],
  ['relationships', relationship],
  ['relationship groups', relationshipGroup],
  ['properties', property],
  ['tokens', token],
  ['property keys', propertyKey],
  ['dynamic records', STANDARD_FORMAT.dynamic(128)],
])('a mistake in the codec of %s ends the check', async (_name, codec) => {
  const findings: Finding[] = [];
  const options = { workers: 1, onFinding: (finding: Finding) => findings.push(finding) };
  expect((await checkStore(join(root, 'base35'), options)).errors).toBe(0);
  vi.spyOn(codec, 'decode').mockImplementation(() => {
    throw mistake;
  });
  const error = await checkStore(join(root, 'base35'), options).catch((thrown: unknown) => thrown);
  expect(error).toBe(mistake);
  expect(asGraphkeepError(error)).toMatchObject({ code: 'internal' });
  expect(findings).toEqual([]);
});

test('a mistake in the check of a value is not a damaged value', () => {
  const pointArray = Uint8Array.of(13, 1, 2, 9, 0, 0, 8, 1, 1);
  expect(findArrayDamage(pointArray)).toMatch(/SRID/);
  vi.mocked(pointValue.checkGeometry).mockImplementation(() => {
    throw mistake;
  });
  expect(() => findArrayDamage(pointArray)).toThrow(mistake);
});

test('errors of ours do not count as damage', () => {
  expect([mistake, new Error('x'), new ReferenceError('x'), undefined].map(isDamage)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
