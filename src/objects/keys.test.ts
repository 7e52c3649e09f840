import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anyKeys } from '../../test/support/objects/any-keys.ts';
import { isKey, isKeyPart, isStorePrefix, requireKey, requireListPrefix } from './keys.ts';

it('a key is what every file system and server stores unchanged', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parts = text.split('/');
      const isPlain = /^[\w./-]+$/.test(text) && !parts.some((part) => ['', '.', '..'].includes(part));
      expect(isKey(text)).toBe(isPlain && !/(^|\/)\.tmp-/.test(text));
    }),
  );
});

it('every beginning of a key can be the prefix of a list', () => {
  fc.assert(
    fc.property(anyKeys, fc.nat(), ([key], at) => {
      requireKey(key!);
      requireListPrefix(key!.slice(0, at % (key!.length + 1)));
    }),
  );
  expect(() => requireListPrefix('x'.repeat(250))).not.toThrow();
  expect(() => requireListPrefix('x'.repeat(251))).toThrow(expect.objectContaining({ code: 'object.key' }));
});

it('the name of an incomplete object is no part of a key', () => {
  expect(['.tmp-', '.tmp-1', 'x.tmp-', '.tmp'].map(isKeyPart)).toEqual([false, false, true, true]);
});

it('the path of a store leaves room for the keys', () => {
  expect(['', 'a/b', 'a/', '/a', 'x'.repeat(201)].map(isStorePrefix)).toEqual([true, true, false, false, false]);
});
