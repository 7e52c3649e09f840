import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { corpusPath } from '../../../test/support/corpus/unpack-corpus.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { logFileName } from '../log-files.ts';
import { findLastCheckPoint, findShutdownCheckPoint } from './check-points.ts';
import { encodeCheckPointEntry } from './entries/check-point-entry.ts';
import { encodeLogHeader } from './log-header.ts';
import { findRecoveryStart } from './recovery-start.ts';

const corpus = (folder: string) => corpusPath(`txlogs/${folder}`);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'graphkeep-recovery-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (version: number) => join(directory, logFileName(version));

function checkPoint(version: number, offset: number): Buffer {
  const writer = new ByteWriter();
  encodeCheckPointEntry(writer, { version, offset });
  return writer.toBuffer();
}

describe('findRecoveryStart', () => {
  it('findRecoveryStart replays from the check point of a halted server', () => {
    expect(findRecoveryStart(corpus('small-3.5.34'))).toMatchObject({
      needed: true,
      position: { version: 1, offset: 16205 },
      lastCheckPoint: { at: { version: 1, offset: 16205 }, target: { version: 1, offset: 16205 } },
      checkPointFileMissing: false,
      lastGoodEnd: { version: 2, offset: 27053 },
      tornBytes: 0,
      transactions: 25,
      lastTransaction: { transactionId: 37 },
    });
    expect(findLastCheckPoint(corpus('small-3.4.9'))?.at).toEqual({ version: 1, offset: 16205 });
    expect(findRecoveryStart(corpus('small-3.4.9'))).toMatchObject({ transactions: 25 });
  });

  it('findRecoveryStart replays everything when version 0 exists and no check point does', () => {
    expect(findRecoveryStart(corpus('diverse-3.5.34-standard'))).toMatchObject({
      needed: true,
      position: { version: 0, offset: 16 },
      lastCheckPoint: undefined,
      transactions: 212,
      lastTransaction: { transactionId: 213 },
    });
  });

  it('findRecoveryStart recognizes a clean shutdown by the last bytes', () => {
    const expected = {
      needed: false,
      position: { version: 0, offset: 354655 },
      lastGoodEnd: { version: 0, offset: 354673 },
      tornBytes: 0,
      transactions: 0,
    };
    expect(findShutdownCheckPoint(corpus('diverse-3.4.9-highlimit'))).toBeDefined();
    expect(findRecoveryStart(corpus('diverse-3.4.9-highlimit'))).toMatchObject(expected);
  });

  it('findRecoveryStart recognizes a clean shutdown after several check points and after a rotation', () => {
    cpSync(corpus('diverse-3.4.9-highlimit'), directory, { recursive: true });
    writeFileSync(file(0), Buffer.concat([checkPoint(0, 354655), checkPoint(0, 354691)]), { flag: 'a' });
    expect(findShutdownCheckPoint(directory)?.target).toEqual({ version: 0, offset: 354691 });
    writeFileSync(file(0), checkPoint(0, 354673), { flag: 'a' });
    expect(findShutdownCheckPoint(directory)?.target).toEqual({ version: 0, offset: 354673 });
    writeFileSync(
      file(1),
      Buffer.concat([encodeLogHeader({ version: 1, previousTransaction: 235 }), checkPoint(0, 354727)]),
    );
    expect(findShutdownCheckPoint(directory)?.at).toEqual({ version: 1, offset: 16 });
    expect(findRecoveryStart(directory)).toMatchObject({ needed: false, lastGoodEnd: { version: 1, offset: 34 } });
    writeFileSync(file(2), '');
    expect(findRecoveryStart(directory)).toMatchObject({ needed: false, lastGoodEnd: { version: 1, offset: 34 } });
  });

  it('findRecoveryStart scans when the last check point points back, as in a backup of the Java client', () => {
    cpSync(corpus('diverse-3.4.9-standard'), directory, { recursive: true });
    writeFileSync(file(0), checkPoint(0, 16), { flag: 'a' });
    expect(findShutdownCheckPoint(directory)).toBeUndefined();
    expect(findRecoveryStart(directory)).toMatchObject({
      needed: true,
      position: { version: 0, offset: 16 },
      transactions: 234,
    });
  });

  it('findRecoveryStart starts at the lowest file when the check point names an older one', () => {
    for (const version of [1, 2]) copyFileSync(join(corpus('small-3.5.34'), logFileName(version)), file(version));
    writeFileSync(file(2), checkPoint(0, 777), { flag: 'a' });
    expect(findRecoveryStart(directory)).toMatchObject({
      needed: true,
      position: { version: 1, offset: 16 },
      checkPointFileMissing: true,
      lastGoodEnd: { version: 2, offset: 27053 + 18 },
    });
  });

  it('recovery is needed even for a torn tail alone', () => {
    cpSync(corpus('diverse-3.4.9-highlimit'), directory, { recursive: true });
    writeFileSync(file(0), Buffer.from([0xf6, 1, 0]), { flag: 'a' });
    expect(findRecoveryStart(directory)).toMatchObject({
      needed: true,
      transactions: 0,
      tornBytes: 3,
      lastGoodEnd: { version: 0, offset: 354673 },
    });
  });

  it('recovery is not needed without a log or with an empty one', () => {
    expect(findRecoveryStart(directory)).toMatchObject({ needed: false, position: undefined });
    writeFileSync(file(0), encodeLogHeader({ version: 0, previousTransaction: 1 }));
    expect(findRecoveryStart(directory)).toMatchObject({ needed: false, position: { version: 0, offset: 16 } });
  });

  it('findRecoveryStart fails without a check point when the first file is missing', () => {
    const bytes = readFileSync(join(corpus('small-3.5.34'), logFileName(2)));
    writeFileSync(file(2), bytes);
    expect(() => findRecoveryStart(directory)).toThrow('the log has no check point');
  });

  it('findRecoveryStart fails for a check point that names a position after itself, and for a missing file', () => {
    cpSync(corpus('small-3.5.34'), directory, { recursive: true });
    writeFileSync(file(2), checkPoint(2, 99999), { flag: 'a' });
    expect(() => findRecoveryStart(directory)).toThrow('after itself');
    rmSync(file(1));
    expect(() => findRecoveryStart(directory)).toThrow('missing between two others');
  });
});
