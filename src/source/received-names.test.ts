import { join, relative, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectedAnswers } from '../../test/support/corpus/common-captures.ts';
import { anyText } from '../../test/support/random/any-text.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { hasCode } from '../base/errors.ts';
import { ReceivedNames } from './received-names.ts';

const place = { peer: 'p:1', offset: 6 };

function accept(...names: string[]): string {
  const received = new ReceivedNames();
  return names.map((name) => received.accept(name, place)).at(-1)!;
}

describe('received names', () => {
  it('ReceivedNames accepts what real servers send', () => {
    for (const [answer, { files }] of Object.entries(expectedAnswers)) {
      const names = (files ?? []).map((file) => file.name).filter((name) => !name.startsWith('neostore.transaction'));
      const received = new ReceivedNames();
      expect([answer, names.map((name) => received.accept(name, place))]).toEqual([answer, names]);
    }
    expect(accept('index.db')).toBe('index.db');
    expect(accept('index/lucene/node/Ünser Index: 1/_0.cfs')).toBe('index/lucene/node/Ünser Index: 1/_0.cfs');
    expect(accept('schema/index/x.id')).toBe('schema/index/x.id');
    expect(accept('Users/a', 'users/a')).toBe('users/a');
  });

  it('ReceivedNames translates the separators of a server on Windows', () => {
    expect(accept('schema\\index\\1\\index-1')).toBe('schema/index/1/index-1');
    expect(() => accept('schema/index\\1')).toThrow('mixes separators');
    expect(() => accept('..\\x')).toThrow('leaves the directory');
    expect(() => accept('C:\\neostore')).toThrow('drive letter');
    expect(() => accept('\\\\server\\share')).toThrow('absolute');
  });

  it.each([
    ['/etc/passwd', 'absolute'],
    ['a//b', 'empty part'],
    ['a/', 'empty part'],
    ['', 'empty part'],
    ['..', 'leaves the directory'],
    ['a/../../b', 'leaves the directory'],
    ['./neostore', 'not canonical'],
    ['a/.', 'not canonical'],
    ['C:neostore', 'drive letter'],
    ['c:/x', 'drive letter'],
    ['neo\0store', 'control characters'],
    ['neo\nstore', 'control characters'],
    ['neo\ud800store', 'half characters'],
    ['neo\u202estore', 'cannot be shown'],
    ['neo\u200bstore', 'cannot be shown'],
    ['neo\u2028store', 'cannot be shown'],
    ['neo\x9bstore', 'control characters'],
    ['store_lock', 'lock file'],
    ['STORE_LOCK', 'lock file'],
    ['neostore.id', 'id file'],
    ['neostore.nodestore.db.ID', 'id file'],
    ['neostore.transaction.db.0', 'transaction log'],
    ['neostore.transaction.db', 'transaction log'],
    ['debug.log', 'running server'],
    ['debug.log.1795337991041', 'running server'],
    ['metrics/x', 'running server'],
    ['.bashrc', 'hidden file'],
    ['ü'.repeat(128), 'longer than 255 bytes'],
    [`${'a/'.repeat(32)}b`, 'directories'],
    [`${'abcdefghi/'.repeat(30)}${'x'.repeat(800)}`, 'longer than 1024'],
  ])('ReceivedNames refuses %j', (name, reason) => {
    let caught: unknown;
    try {
      accept(name);
    } catch (error) {
      caught = error;
    }
    expect(hasCode(caught, 'peer.hostile') && caught.message).toContain(reason);
    expect(hasCode(caught, 'peer.hostile') && caught.place).toEqual(place);
  });

  it('ReceivedNames refuses clashes', () => {
    expect(() => accept('a', 'b', 'a')).toThrow('came before');
    expect(() => accept('a\\b', 'a/b')).toThrow('came before');
    expect(() => accept('a', 'a/b')).toThrow('file and a directory');
    expect(() => accept('a/b/c', 'a/b')).toThrow('file and a directory');
  });

  it('ReceivedNames refuses an endless number of files', () => {
    const received = new ReceivedNames();
    for (let i = 0; i < 100_000; i++) received.accept(`f${i}`, place);
    expect(() => received.accept('one more', place)).toThrow('more than 100000 files');
  });

  it('ReceivedNames never lets a name leave the target', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'b', 'C:', '\\', '\0', 'x', '...', '~', ' ', '*', 'neostore');
    const separator = fc.constantFrom('/', '\\');
    const name = fc
      .tuple(fc.array(part, { minLength: 1, maxLength: 6 }), separator, fc.boolean())
      .map(([parts, by, absolute]) => (absolute ? by : '') + parts.join(by));
    fc.assert(
      fc.property(fc.oneof(name, anyText(100)), (received) => {
        let accepted: string;
        try {
          accepted = new ReceivedNames().accept(received, place);
        } catch (error) {
          expect(hasCode(error, 'peer.hostile')).toBe(true);
          return;
        }
        const target = `${sep}target`;
        const path = relative(target, join(target, accepted)).replaceAll(sep, '/');
        expect(path).toBe(accepted);
        expect(path.startsWith('..')).toBe(accepted.startsWith('...'));
      }),
      { numRuns: campaign.rounds(3000) },
    );
  });
});
