import { describe, expect, it } from 'vitest';
import { formatStoreId, formatStoreVersion, relateStores, type StoreId, wasUpgraded } from './store-id.ts';
import { encodeStoreVersion } from './store-version.ts';

const id: StoreId = {
  creationTime: 1795337991041,
  randomId: 2232456837098062507n,
  storeVersion: 16094931155187206n,
  upgradeTime: 1795337991041,
  upgradeTransactionId: 1,
};

describe('store id', () => {
  it('a store id belongs to another store if creation time or random number differ', () => {
    expect(relateStores(id, { ...id })).toBe('same');
    expect(relateStores(id, { ...id, creationTime: 1 })).toBe('other');
    expect(relateStores(id, { ...id, randomId: 1n })).toBe('other');
    expect(relateStores(id, { ...id, randomId: 1n, upgradeTime: 5 })).toBe('other');
  });

  it.each<Partial<StoreId>>([
    { storeVersion: encodeStoreVersion('vE.H.4') },
    { upgradeTime: id.upgradeTime + 1 },
    { upgradeTransactionId: 77 },
    { storeVersion: encodeStoreVersion('vE.H.4'), upgradeTime: id.upgradeTime + 1, upgradeTransactionId: 77 },
  ])('a store id belongs to an upgraded store if only %o differs', (changed) => {
    expect(relateStores(id, { ...id, ...changed })).toBe('upgraded');
    expect(relateStores({ ...id, ...changed }, id)).toBe('upgraded');
  });

  it('a store id compares the version only if both sides have it', () => {
    const { storeVersion: _, ...withoutVersion } = id;
    expect(relateStores(id, withoutVersion)).toBe('same');
    expect(relateStores(withoutVersion, { ...id, upgradeTime: 5 })).toBe('upgraded');
  });

  it('a store id with -1 on either side matches any creation time and random number, but not any upgrade', () => {
    const any = { ...id, creationTime: -1, randomId: -1n };
    expect(relateStores(id, any)).toBe('same');
    expect(relateStores(any, id)).toBe('same');
    expect(relateStores(id, { ...any, randomId: 4n })).toBe('other');
    expect(relateStores(id, { ...any, upgradeTime: -1 })).toBe('upgraded');
  });

  it('a store id says whether the store was ever upgraded', () => {
    expect(wasUpgraded(id)).toBe(false);
    expect(wasUpgraded({ ...id, upgradeTime: id.upgradeTime + 1 })).toBe(true);
    expect(wasUpgraded({ ...id, upgradeTransactionId: 7 })).toBe(true);
  });

  it('a store id names the packed versions', () => {
    expect(formatStoreVersion(id.storeVersion)).toBe('v0.A.9');
    expect(encodeStoreVersion('v0.A.9')).toBe(16094931155187206n);
    for (const name of ['v', 'vE.H.4', 'SF4.0.0']) expect(formatStoreVersion(encodeStoreVersion(name))).toBe(name);
    expect(formatStoreVersion(-1n)).toBe('0xffffffffffffffff');
    expect(formatStoreVersion(0x06n)).toBe('0x0000000000000006');
  });

  it('a store id is readable', () => {
    expect(formatStoreId(id)).toBe('created 2026-11-22T08:59:51.041Z, random 1efb47aa4f9f42ab, format v0.A.9');
    expect(formatStoreId({ ...id, upgradeTime: id.upgradeTime + 1000, upgradeTransactionId: 7 })).toBe(
      'created 2026-11-22T08:59:51.041Z, random 1efb47aa4f9f42ab, format v0.A.9, upgraded 2026-11-22T08:59:52.041Z after transaction 7',
    );
    expect(formatStoreId({ ...id, creationTime: 9e15 })).toContain('9000000000000000 ms');
  });
});
