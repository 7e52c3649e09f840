import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphkeepError } from './errors.ts';
import { asGraphkeepError, fileError, forbiddenError } from './file-errors.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-remedies-'));
  mkdirSync(join(root, 'inner'));
  writeFileSync(join(root, 'inner', 'file'), '');
  chmodSync(join(root, 'inner'), 0o750);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function systemError(code: string, path?: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: refused`), {
    code,
    syscall: 'open',
    ...(path === undefined ? {} : { path }),
  });
}

describe('the remedy for what the system refuses', () => {
  it('there is one remedy for each cause', () => {
    const codes = 'ENOENT ENOTDIR EBUSY EINVAL EROFS EMFILE ENFILE EDQUOT ENOSPC EIO ELOOP ENAMETOOLONG EISDIR'.split(
      ' ',
    );
    const hints = codes.map((code) => fileError(systemError(code), 'open the file', '/nowhere').hint);
    expect(new Set(hints).size).toBe(codes.length);
    const aboutSpace = codes.filter((_, at) => /free space/i.test(hints[at]!));
    expect(aboutSpace).toEqual(['EDQUOT', 'ENOSPC']);
  });

  it('the remedy for an unknown cause is a general one', () => {
    expect(fileError(systemError('EODD'), 'open the file', '/nowhere').hint).toContain('Check the path');
  });

  it('the remedy names what blocks the way, its owner and modes, and the current user', () => {
    const file = join(root, 'inner', 'new');
    const user = process.getuid!();
    const { hint } = fileError(systemError('EACCES'), 'create the file', file);
    expect(hint).toContain(`The directory ${join(root, 'inner')} has owner `);
    expect(hint).toMatch(new RegExp(`owner (\\S+ \\(${user}\\)|${user}), group .*, mode 0750; this command runs as `));
    expect(forbiddenError(systemError('EPERM'), 'no', file)).toMatchObject({ code: 'directory.forbidden', hint });
    expect(forbiddenError(systemError('EROFS'), 'no', file).hint).toContain('read-only');
  });
});

describe('an error that is about to be shown', () => {
  it('an error about to be shown is a GraphkeepError, with the place of a system error, else a bug', () => {
    const own = new GraphkeepError('usage', 'no');
    expect(asGraphkeepError(own)).toBe(own);
    expect(asGraphkeepError(systemError('ENOENT', '/a'))).toMatchObject({ code: 'file.io', place: { file: '/a' } });
    expect(asGraphkeepError(systemError('ENOENT'), '/b')).toMatchObject({ code: 'file.io', place: { file: '/b' } });
    expect(asGraphkeepError(systemError('ENOENT'))).toMatchObject({ code: 'file.io', message: 'cannot open' });
    expect(asGraphkeepError(new TypeError('x'))).toMatchObject({ code: 'internal', message: 'x' });
    expect(asGraphkeepError(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' })).code).toBe('internal');
    expect(asGraphkeepError('text')).toMatchObject({ code: 'internal', message: 'text' });
  });
});
