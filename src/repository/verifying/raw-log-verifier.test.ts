import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { filesOf, GrowingDatabase, logsOf } from '../../../test/support/modern/growing-database.ts';
import { MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { Dice } from '../../../test/support/random/dice.ts';
import { nextSeed } from '../../../test/support/random/seed.ts';
import { runModernBackup } from '../../backup/modern/modern-backup.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { logFolder } from '../catalogue/object-keys.ts';
import { formatSegmentName } from '../catalogue/segment-name.ts';
import { initRepository } from '../opening/repository.ts';
import { readHistory } from '../reading/database-history.ts';
import { readTar, StoredObjects } from '../reading/stored-objects.ts';
import { SealPool } from '../seal/pool/seal-pool.ts';
import { storeSegment } from '../writing/stored-segment.ts';
import { EVERY_OBJECT, ObjectShare } from './object-share.ts';
import { verifyDatabase } from './verification.ts';

const never = new AbortController().signal;

let scratch: string;
let store: MemoryStore;
let database: GrowingDatabase;

const databases = ['4.4.48-fuzzy', '5.26.30-fuzzy', '2026.08.1-envelope-fuzzy'] as const;

describe.each(databases)('a log of %s that is kept byte for byte', (name) => {
  beforeEach(async () => {
    scratch = await makeTemporaryDirectory();
    database = await GrowingDatabase.unpack(name, scratch);
    store = new MemoryStore();
    await initRepository(store, { method: 'none' }, never);
    const ids = database.transactions.map(({ id }) => id);
    for (const [at, part] of [0.3, 0.5, 0.8, 1].entries()) {
      database.endAt(ids[Math.ceil(ids.length * part) - 1]!);
      await backUp(at === 2);
    }
  });
  afterEach(() => removeDirectory(scratch));

  it('is read whole, over several bases', async () => {
    expect(await verify()).toEqual([]);
  });

  it('has a fault where one byte is another one, though it was stored well; what follows has none', async () => {
    const dice = new Dice(nextSeed());
    const changed = await change((content) => {
      content[dice.below(content.length)]! ^= 1 << dice.below(8);
      return content;
    });
    expect(await verify()).toEqual([changed]);
  });

  it('has a fault on the day when the object is read, if not all are read every day', async () => {
    const changed = await change((content) => content.subarray(0, content.length - 1), { at: -1 });
    const found: string[][] = [];
    for (let n = 0; n < 4; n++) found.push(await verify(new ObjectShare(25, new Date(n * 86_400_000))));
    expect(new Set(found.flat())).toEqual(new Set([changed]));
    await store.remove([changed], never);
    for (let n = 0; n < 4; n++) expect(await verify(new ObjectShare(25, new Date(n * 86_400_000)))).toEqual([]);
  });

  it('is read from the next base on if objects before it are missing', async () => {
    const { key } = await segmentAt(0);
    await store.remove([key], never);
    expect(await verify()).toEqual([]);
    const changed = await change((content) => content.subarray(1), { at: -1 });
    expect(await verify()).toEqual([changed]);
  });

  it('has a fault where bytes are missing at the end of an object', async () => {
    const dice = new Dice(nextSeed());
    const changed = await change((content) => content.subarray(0, content.length - dice.between(1, content.length)));
    expect(await verify()).toEqual([changed]);
  });

  it('has a fault where the name tells another checksum', async () => {
    const changed = await change((content) => content, { checksumOff: 1n });
    expect(await verify()).toEqual([changed]);
  });
});

async function backUp(renew: boolean): Promise<void> {
  const options = {
    from: { name: 'neo4j', directory: filesOf(database.data), logDirectory: logsOf(database.data) },
    repository: { location: 'memory', database: 'neo4j', renew, open: async () => store },
    fallbackToFull: true,
    bytesPerSecond: undefined,
  };
  await runModernBackup(options, () => {}, never);
}

async function openObjects(): Promise<StoredObjects> {
  return new StoredObjects(store, { codec: await loadFrameCodec(), identities: 'none' }, never);
}

/** @returns keys of the objects with faults */
async function verify(reads = EVERY_OBJECT): Promise<string[]> {
  const faults: string[] = [];
  await verifyDatabase(await openObjects(), {
    database: 'neo4j',
    reads,
    signal: never,
    onObject: () => {},
    onFault: ({ code, place }) => {
      expect(code).toBe('repository.object-damaged');
      faults.push(place!.file!);
    },
  });
  return faults;
}

/** Of the log of the timeline, counted from its end if negative. */
async function segmentAt(index: number) {
  const [history] = await readHistory(store, 'neo4j', never);
  const folder = logFolder('neo4j', history!.timeline.id);
  const name = history!.chain.runs.flatMap(({ segments }) => segments).at(index)!.names[0]!;
  return { folder, name, key: `${folder}/${formatSegmentName(name)}` };
}

/**
 * Stores a segment of the timeline's log again, with another content.
 * @returns its key
 */
async function change(edit: (content: Buffer) => Buffer, { checksumOff = 0n, at = 0 } = {}): Promise<string> {
  const { folder, name, key } = await segmentAt(at);
  const entries = await readTar((await openObjects()).readNamed(key, name.digest), key);
  const content = Buffer.from(entries[0]!.content);
  await store.remove([key], never);
  const pool = await SealPool.start({ recipients: 'none', level: 3 });
  try {
    const { digest: _, isEncrypted: __, ...about } = name;
    const stored = await storeSegment(
      { pool, store, folder, isEncrypted: false, signal: never },
      { ...about, checksum: about.checksum + checksumOff },
      [{ ...entries[0]!, content: edit(content) }, ...entries.slice(1)],
    );
    return `${folder}/${stored.name}`;
  } finally {
    await pool.close();
  }
}
