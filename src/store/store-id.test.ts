import { describe, expect, it } from 'vitest';
import { formatStoreId, formatStoreVersion, packStoreVersion, type StoreId, sameStore } from './store-id.ts';

const id: StoreId = {
  creationTime: 1795337991041,
  randomId: 2232456837098062507n,
  storeVersion: 16094931155187206n,
  upgradeTime: 1795337991041,
  upgradeTransactionId: 1,
};

describe('store id', () => {
  it('is told by creation time and random number alone', () => {
    expect(sameStore(id, { ...id, storeVersion: 0n, upgradeTime: 5, upgradeTransactionId: 77 })).toBe(true);
    expect(sameStore(id, { ...id, creationTime: 1 })).toBe(false);
    expect(sameStore(id, { ...id, randomId: 1n })).toBe(false);
  });

  it('takes -1 on either side for anything', () => {
    expect(sameStore(id, { ...id, creationTime: -1, randomId: -1n })).toBe(true);
    expect(sameStore({ ...id, creationTime: -1, randomId: -1n }, id)).toBe(true);
    expect(sameStore(id, { ...id, creationTime: -1, randomId: 4n })).toBe(false);
  });

  it('knows the packed names of versions', () => {
    expect(formatStoreVersion(id.storeVersion)).toBe('v0.A.9');
    expect(packStoreVersion('v0.A.9')).toBe(16094931155187206n);
    for (const name of ['v', 'vE.H.4', 'SF4.0.0']) expect(formatStoreVersion(packStoreVersion(name))).toBe(name);
    expect(formatStoreVersion(-1n)).toBe('0xffffffffffffffff');
    expect(formatStoreVersion(0x06n)).toBe('0x0000000000000006');
  });

  it('is readable', () => {
    expect(formatStoreId(id)).toBe('created 2026-11-22T08:59:51.041Z, random 1efb47aa4f9f42ab, format v0.A.9');
    expect(formatStoreId({ ...id, creationTime: 9e15 })).toContain('9000000000000000 ms');
  });
});
