import { STANDARD_FORMAT } from '../../../src/store/files/store-format.ts';
import { fakeNeostore } from '../corpus/fake-neostore.ts';
import type { MemberContent, MemberFile } from './catchup-member.ts';

const storeId = {
  creationTime: 1795337041717,
  randomId: 4650497045901574595n,
  upgradeTime: 1795337041717,
  upgradeTransactionId: 1,
};

/** A transaction as far as the catchup client looks at it: anything, then a commit entry. */
export function fakeTransaction(id: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + id * 7 + (at >> 8)) & 0xff;
  const end = size - 18;
  bytes.writeUInt16BE(0xf605, end);
  bytes.writeBigInt64BE(BigInt(id), end + 2);
  return bytes;
}

const fakeFile = (name: string, size: number, alignment = 1): MemberFile => ({
  name,
  alignment,
  bytes: Buffer.from(Array.from({ length: size }, (_, at) => (at + size) & 0xff)),
});

/** Not a real store, but it yields every kind of message: check point 12, transactions 12 to 16, of which 14 is large. */
export function smallMember({ largeBytes = 150_000 } = {}): MemberContent {
  return {
    storeId,
    checkPoint: 12,
    prepared: [
      fakeFile('neostore.counts.db.a', 40),
      fakeFile('neostore.labelscanstore.db', 9000),
      fakeFile('schema/index/native-btree-1.0/1/index-1', 0),
    ],
    listed: [
      fakeFile('neostore.nodestore.db', 8192, 15),
      fakeFile('neostore.relationshipstore.db', 8193, 34),
      fakeFile('neostore.propertystore.db', 0, 41),
      fakeFile('neostore.schemastore.db', 100, 64),
      fakeFile('neostore.labelscanstore.db', 9000),
      {
        name: 'neostore',
        alignment: 9,
        bytes: fakeNeostore({ ...storeId, storeVersion: STANDARD_FORMAT.version }),
      },
    ],
    indexes: new Map([[7, [fakeFile('schema/index/native-btree-1.0/7/index-7', 300)]]]),
    transactions: new Map(
      [12, 13, 14, 15, 16].map((id) => [id, fakeTransaction(id, id === 14 ? largeBytes : 100 + id)]),
    ),
  };
}

/** What a client must have after a full copy of it. */
export function copyOf(content: MemberContent): { files: Record<string, Buffer>; transactions: Buffer } {
  const later = [...content.transactions].filter(([id]) => id > content.checkPoint);
  const files = [...content.listed, ...content.prepared, ...[...content.indexes.values()].flat()];
  return {
    files: Object.fromEntries(files.map(({ name, bytes }) => [name, bytes])),
    transactions: Buffer.concat(later.map(([, bytes]) => bytes)),
  };
}
