import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listLogFiles, listLogVersions, logFileName, parseLogFileName } from './log-files.ts';
import { decodeLogHeader, encodeLogHeader } from './v3/log-header.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'graphkeep-files-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('listLogFiles', () => {
  it('listLogFiles lists by version, not by name, and leaves other files out', () => {
    for (const version of [9, 10, 11]) writeFileSync(join(directory, logFileName(version)), 'x'.repeat(version));
    writeFileSync(join(directory, 'neostore'), '');
    mkdirSync(join(directory, 'schema'));
    const listing = listLogFiles(directory);
    expect(listing).toMatchObject({ lowest: 9, highest: 11 });
    expect(listing.files.map((file) => [file.version, file.sizeBytes])).toEqual([
      [9, 9],
      [10, 10],
      [11, 11],
    ]);
  });

  it('listLogFiles returns nothing for a directory without logs', () => {
    expect(listLogFiles(directory)).toMatchObject({ files: [], lowest: undefined, highest: undefined });
    expect(() => listLogFiles(join(directory, 'none'))).toThrow(expect.objectContaining({ code: 'file.io' }));
  });

  it('listLogFiles and listLogVersions refuse a gap', () => {
    for (const version of [1, 3]) writeFileSync(join(directory, logFileName(version)), '');
    for (const list of [listLogFiles, listLogVersions]) {
      expect(() => list(directory)).toThrow(
        expect.objectContaining({ code: 'log.gap', place: { file: join(directory, logFileName(2)) } }),
      );
    }
  });

  it('listLogVersions lists versions in their order, whatever has the name', () => {
    for (const version of [9, 10]) writeFileSync(join(directory, logFileName(version)), '');
    mkdirSync(join(directory, logFileName(11)));
    writeFileSync(join(directory, 'neostore'), '');
    expect(listLogVersions(directory)).toEqual([9, 10, 11]);
    expect(() => listLogFiles(directory)).toThrow('regular file');
  });

  it('listLogFiles refuses a name with the prefix but no plain number, as the server does', () => {
    for (const name of ['0.bak', '', '-1', '01', '1e3', '99999999999999999']) {
      expect(() => parseLogFileName(`neostore.transaction.db.${name}`)).toThrow('no version number');
    }
    expect(parseLogFileName('neostore.transaction.db')).toBeUndefined();
  });
});

describe('log header', () => {
  it('a log header is the format, the version in 7 bytes, and the previous transaction', () => {
    const bytes = encodeLogHeader({ version: 0x01_02_03_04_05_06, previousTransaction: 2 ** 40 + 7 });
    expect(bytes.toString('hex')).toBe('06000102030405060000010000000007');
    expect(decodeLogHeader(bytes, 'log')).toEqual({
      version: 0x01_02_03_04_05_06,
      previousTransaction: 2 ** 40 + 7,
    });
  });

  it('a log header is missing while it is short', () => {
    for (let size = 0; size < 16; size++) expect(decodeLogHeader(Buffer.alloc(size, 9), 'log')).toBeUndefined();
  });

  it('reading a log header refuses another format, another version, and impossible numbers', () => {
    const header = (change: (bytes: Buffer) => void) => {
      const bytes = encodeLogHeader({ version: 5, previousTransaction: 1 });
      change(bytes);
      return () => decodeLogHeader(bytes, 'log', 5);
    };
    expect(header((bytes) => bytes.writeUInt8(5, 0))).toThrow('log format');
    expect(header((bytes) => bytes.writeUInt8(6, 7))).toThrow('file name');
    expect(header((bytes) => bytes.writeUInt8(255, 1))).toThrow('file name');
    expect(header((bytes) => bytes.writeInt32BE(-1, 8))).toThrow('negative');
    expect(header((bytes) => bytes.writeInt32BE(0x7fffffff, 8))).toThrow('2^53');
  });
});
