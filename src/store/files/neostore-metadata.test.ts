import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import {
  encodeMetadata,
  METADATA_BYTES,
  type NeostoreMetadata,
  newMetadata,
  patchMetadataIn,
  readMetadata,
  storeIdOf,
} from './neostore-metadata.ts';
import { formatByVersion, storeFormats } from './store-format.ts';
import { decodeStoreVersion, encodeStoreVersion } from './store-version.ts';

let path: string;
let directory: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
  path = join(directory, 'neostore');
});
afterAll(() => removeDirectory(directory));

const metadata: NeostoreMetadata = {
  ...newMetadata(encodeStoreVersion('v0.A.9'), 1_600_000_000_000, -1438157708407768256n),
  lastTransactionChecksum: -162043493054n,
  lastClosedLogOffset: 2 ** 40,
};

describe('the metadata store', () => {
  it('the metadata store survives a round trip', () => {
    writeFileSync(path, encodeMetadata(metadata));
    expect(readMetadata(path)).toEqual(metadata);
    expect(readFileSync(path)).toHaveLength(8192);
  });

  it('the metadata store may be cut after its fields, and absent fields have their meaning', () => {
    writeFileSync(path, encodeMetadata(metadata).subarray(0, METADATA_BYTES));
    expect(readMetadata(path)).toEqual(metadata);
    writeFileSync(path, encodeMetadata(metadata).subarray(0, 5 * 9));
    expect(readMetadata(path)).toMatchObject({
      storeVersion: metadata.storeVersion,
      firstGraphProperty: -1,
      lastTransactionChecksum: -1n,
      lastClosedLogVersion: -1,
      lastTransactionCommitTime: 1,
      upgradeTransactionCommitTime: 0,
    });
    writeFileSync(path, encodeMetadata(metadata).subarray(0, 4 * 9));
    expect(() => readMetadata(path)).toThrow(/no store version/);
  });

  it('the metadata store is patched in place, other bytes untouched', () => {
    const before = encodeMetadata(metadata);
    before[9 * 5] = 77; // An absent field between the two that change stays as it is.
    writeFileSync(path, before);
    patchMetadataIn(dirname(path), { lastTransactionId: 42, lastTransactionChecksum: 7n });
    const after = readFileSync(path);
    before.writeBigInt64BE(42n, 9 * 3 + 1);
    before.writeBigInt64BE(7n, 9 * 9 + 1);
    expect(after.equals(before)).toBe(true);
    patchMetadataIn(dirname(path), {});
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

it('the metadata store holds the identity of its store', () => {
  const { creationTime, randomId, storeVersion, upgradeTime, upgradeTransactionId } = metadata;
  expect(storeIdOf(metadata)).toEqual({ creationTime, randomId, storeVersion, upgradeTime, upgradeTransactionId });
});

describe('store versions', () => {
  it.each([
    ['v0.A.6', 15250506225055238n],
    ['v0.A.7', 15531981201765894n],
    ['v0.A.8', 15813456178476550n],
    ['v0.A.9', 16094931155187206n],
    ['vE.H.0', 13561686430938630n],
    ['vE.H.0b', 7075205902147876359n],
    ['vE.H.2', 14124636384359942n],
    ['vE.H.3', 14406111361070598n],
    ['vE.H.4', 14687586337781254n],
  ])('store version %s is encoded and decoded', (name, value) => {
    expect(encodeStoreVersion(name)).toBe(value);
    expect(decodeStoreVersion(value)).toBe(name);
    expect(formatByVersion(value).name).toBe(name);
  });

  it('all store versions are known', () => expect(storeFormats).toHaveLength(9));

  it('an unknown store version is named in the error', () => {
    expect(() => formatByVersion(encodeStoreVersion('AF4.3.0'))).toThrow(
      expect.objectContaining({ code: 'store.format', observed: 'AF4.3.0' }),
    );
    expect(() => formatByVersion(-1n)).toThrow(expect.objectContaining({ code: 'store.format', observed: -1n }));
  });
});
