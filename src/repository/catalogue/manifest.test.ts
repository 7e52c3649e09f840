import { describe, expect, it } from 'vitest';
import { MOST_JSON_BYTES } from './json-object.ts';
import { formatManifest, type Manifest, parseManifest } from './manifest.ts';

const sha256 = '0123456789abcdef'.repeat(4);
const object = { object: 'index.tsv.zst', bytes: 1234, sha256 };

const manifest: Manifest = {
  format: 'graphkeep-base',
  version: 1,
  id: '20261129T020304Z-5f3a9c1e',
  database: 'graph.db',
  timeline: '20261129T020304Z-00000001',
  tool: '0.1.0',
  store: {
    creationTime: 1_700_000_000_000,
    randomId: -(2n ** 63n),
    storeVersion: 1n,
    upgradeTime: 1_700_000_000_000,
    upgradeTransactionId: 1,
    format: 'v0.A.9',
    genericIndexes: 2,
  },
  source: 'server:6362',
  checkPoint: { transaction: 120, position: { version: 7, offset: 1048 } },
  consistentAt: { transaction: 456, checksum: -(2n ** 63n), commitTime: new Date('2026-11-29T02:04:00.000Z') },
  newestCommit: new Date('2026-11-29T02:04:00.001Z'),
  startedAt: new Date('2026-11-29T02:03:04.000Z'),
  finishedAt: new Date('2026-11-29T02:05:04.000Z'),
  files: 42,
  bytes: Number.MAX_SAFE_INTEGER,
  storedBytes: 99,
  objects: 3,
  index: object,
  log: [object],
  compression: { method: 'zstd', level: 1 },
  encryption: { method: 'age', recipients: ['age1xyz'] },
};

const read = (content: unknown) => parseManifest(Buffer.from(JSON.stringify(content)), 'manifest.json');
const asJson = () => JSON.parse(String(formatManifest(manifest))) as Record<string, unknown>;

describe('the manifest of a base', () => {
  it('a manifest reads as what was written', () => {
    expect(parseManifest(formatManifest(manifest), 'manifest.json')).toEqual(manifest);
  });

  it('numbers of 64 bits are strings, and times are in UTC', () => {
    expect(asJson()).toMatchObject({
      bytes: '9007199254740991',
      checkPoint: { transaction: '120', position: { version: '7', offset: '1048' } },
      consistentAt: { transaction: '456', checksum: '-9223372036854775808', commitTime: '2026-11-29T02:04:00.000Z' },
    });
  });

  it('fields of later releases are passed over', () => {
    expect(read({ ...asJson(), later: { a: 1 } })).toEqual(manifest);
  });

  it('a later version is refused by name', () => {
    expect(() => read({ ...asJson(), version: 2, files: undefined })).toThrow(
      expect.objectContaining({ code: 'repository.newer-version', observed: 'version 2; this release reads up to 1' }),
    );
  });

  it.each([
    ['another format', { format: 'other' }, 'format'],
    ['a missing field', { consistentAt: undefined }, 'consistentAt'],
    ['a number that is no string', { bytes: 5 }, 'bytes'],
    [
      'a checksum beyond 64 bits',
      { consistentAt: { transaction: '1', checksum: '9223372036854775808', commitTime: '2026-11-29T02:04:00.000Z' } },
      'consistentAt.checksum',
    ],
    ['a day that does not exist', { startedAt: '2026-02-30T02:04:00.000Z' }, 'startedAt'],
    ['a short hash', { index: { ...object, bytes: '1', sha256: 'abc' } }, 'index.sha256'],
    ['encryption for nobody', { encryption: { method: 'age', recipients: [] } }, 'encryption.recipients'],
    ['a store without an identity', { store: { format: 'y' } }, 'store.creationTime'],
  ])('a manifest with a fault is refused, and the fault named: %s', (_, change, where) => {
    expect(() => read({ ...asJson(), ...change })).toThrow(
      expect.objectContaining({ code: 'repository.object-damaged', observed: expect.stringMatching(`^${where}: `) }),
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a cut file', formatManifest(manifest).subarray(0, -5)],
    ['a list', Buffer.from('[]')],
    ['null', Buffer.from('null')],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d])],
    ['far too much', Buffer.alloc(MOST_JSON_BYTES + 1, 0x20)],
  ])('something that is no manifest is refused: %s', (_, bytes) => {
    expect(() => parseManifest(bytes, 'manifest.json')).toThrow(
      expect.objectContaining({ code: 'repository.object-damaged', place: { file: 'manifest.json' } }),
    );
  });
});
