import { describe, expect, it } from 'vitest';
import { decodeStoreIdentity } from './store-identity.ts';

const NEW = Buffer.from('01000001a2029b710adabeff3453c602de067265636f726407616c69676e65640101'.padEnd(128, '0'), 'hex');
const OLD = Buffer.from('000001a2029f349ff1f7f6c2e42d1217302e332e34464107000001a2029f349f0000000000000001', 'hex');

describe('decodeStoreIdentity', () => {
  it('reads an identity of 5.0 and later', () => {
    const id = { creationTime: 1_795_340_071_178, storeVersion: 0n, upgradeTime: 0, upgradeTransactionId: 0 };
    expect(decodeStoreIdentity(NEW)).toMatchObject({ format: 'record-aligned-1.1', id: { ...id } });
  });

  it('reads an identity of 4.x', () => {
    expect(decodeStoreIdentity(OLD)).toMatchObject({ format: 'AF4.3.0', id: { upgradeTransactionId: 1 } });
  });

  it.each([
    ['the number of its version', 0, 2],
    ['the length of a name', 17, 60],
    ['a name', 18, 0xff],
    ['the empty name of a format', 24, 0],
    ['a time', 1, 0x7f],
  ])('another one in %s makes it none', (_, at, value) => {
    const damaged = Buffer.from(NEW);
    damaged[at] = value;
    expect(decodeStoreIdentity(damaged)).toBeUndefined();
  });

  it('4.x: a format without a name is none', () => {
    const damaged = Buffer.from(OLD);
    damaged[23] = 0;
    expect(decodeStoreIdentity(damaged)).toBeUndefined();
  });
});
