import { expect, it } from 'vitest';
import { GraphkeepError } from '../../base/errors.ts';
import { folderError } from './folder-errors.ts';

const systemError = (code: string) => Object.assign(new Error(`${code}: it failed`), { code, syscall: 'open' });

it.each([
  ['ENOSPC', 'object.full'],
  ['EDQUOT', 'object.full'],
  ['EACCES', 'object.denied'],
  ['EPERM', 'object.denied'],
  ['EROFS', 'object.denied'],
  ['ESTALE', 'object.unavailable'],
  ['EMFILE', 'object.unavailable'],
  ['EIO', 'file.io'],
  ['ENAMETOOLONG', 'file.io'],
])('the system says %s: %s, with the path and what to do', (code, expected) => {
  const error = folderError(systemError(code), 'write', '/srv/a');
  expect(error).toMatchObject({ code: expected, place: { file: '/srv/a' }, observed: expect.stringContaining(code) });
  expect(error.hint).not.toBe('');
  expect(folderError(error, 'write', '/other').place).toEqual({ file: '/srv/a' });
});

it('an error that is understood already stays as it is', () => {
  const error = new GraphkeepError('object.exists', 'there');
  expect(folderError(error, 'write', '/srv/a')).toBe(error);
});
