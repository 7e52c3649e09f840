import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { whenFileBegins } from '../../test/support/commands/when-file-begins.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { nextSeed } from '../../test/support/random/seed.ts';
import { Dice } from '../base/dice.ts';
import { NEO4J_3 } from '../generation/neo4j-3.ts';
import { writeArchive } from './archive-writing.ts';

let databaseDirectory: string;
beforeAll(async () => {
  const directory = await makeTemporaryDirectory();
  await unpackCorpus('stores/3.4.9-standard.tar.gz', directory);
  databaseDirectory = `${directory}/graph.db`;
});
afterAll(() => removeDirectory(databaseDirectory.replace(/\/graph.db$/, '')));

/** A file on a disk that is full after some bytes, and sometimes reports it late. */
class FullDisk {
  private room: number;
  private readonly dice: Dice;
  isFull = false;

  constructor(room: number, dice: Dice) {
    this.room = room;
    this.dice = dice;
  }

  async write(bytes: Uint8Array): Promise<{ bytesWritten: number }> {
    for (let turns = this.dice.below(20); turns > 0; turns--) await setImmediate();
    if (this.room === 0) {
      this.isFull = true;
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
    }
    const bytesWritten = Math.min(this.room, bytes.length);
    this.room -= bytesWritten;
    return { bytesWritten };
  }

  async sync(): Promise<void> {}
}

it.each(['gzip', 'zstd'] as const)(
  'writing ends with the error of the disk, whenever that is full, with %s',
  async (compression) => {
    const dice = new Dice(nextSeed());
    let failures = 0;
    const rounds = campaign.rounds(40, 10);
    for (let round = 0; round < rounds; round++) {
      const disk = new FullDisk(dice.below(90_000), dice);
      const outcome = await writeArchive(
        disk as unknown as FileHandle,
        '/the/archive',
        { databaseDirectory, files: NEO4J_3.files, transactionLogs: [], compression },
        { signal: new AbortController().signal },
      ).catch((error: unknown) => error);
      expect([round, disk.isFull]).toEqual([round, outcome !== undefined]);
      if (outcome === undefined) continue;
      failures++;
      expect(outcome).toMatchObject({
        code: 'file.io',
        place: { file: '/the/archive' },
        observed: expect.stringContaining('ENOSPC'),
      });
    }
    expect(failures).toBeGreaterThan(rounds / 4);
  },
);

it.each(['gzip', 'zstd'] as const)('writing can be interrupted at any file, with %s', async (compression) => {
  for (const files of campaign.places(0, 19)) {
    const controller = new AbortController();
    let left = files;
    const outcome = writeArchive(
      new FullDisk(Number.MAX_SAFE_INTEGER, new Dice(files)) as unknown as FileHandle,
      '/the/archive',
      { databaseDirectory, files: NEO4J_3.files, transactionLogs: [], compression },
      { signal: controller.signal, onEvent: whenFileBegins(() => left-- === 0 && controller.abort()) },
    );
    await expect(outcome).rejects.toMatchObject({ code: 'cancelled' });
  }
});
