import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Line, runJson } from '../support/commands/json-run.ts';
import { World } from '../support/commands/world.ts';
import { BALLAST, canMount, SmallDisk } from '../support/faults/small-disk.ts';
import { filesOf, GrowingDatabase } from '../support/modern/growing-database.ts';
import { campaign } from '../support/random/campaign-size.ts';

/*
 * Promise: wherever room runs out for a database of 4.2 or later, the error names the disk and the file, what was there before is there
 * still, and nothing else stays.
 */

const DISK_BYTES = 64 * 1024 * 1024;

let world: World;
let disk: string;
let small: SmallDisk;
let database: GrowingDatabase;

const run = (...args: string[]) => runJson(world, args);
const repo = () => `--repo=${world.path('repository')}`;
const names = (below = disk) =>
  readdirSync(below, { recursive: true, encoding: 'utf8' }).filter((name) => name !== BALLAST);

function expectNoRoom(made: Line, room: number): void {
  expect(made, `room ${room}`).toMatchObject({ event: 'error', code: 'file.io' });
  expect(JSON.stringify(made)).toMatch(/ENOSPC|bytes free/);
  expect(JSON.stringify(made.place)).toContain(disk);
}

describe.runIf(canMount)('with a small disk', () => {
  beforeEach(async () => {
    world = await World.create();
    database = await GrowingDatabase.unpack('5.26.30-fuzzy', world.path('servers'));
    expect(await run('repo', 'init', repo(), '--no-encryption')).toMatchObject({ exitCode: 0 });
    disk = world.path('disk');
    mkdirSync(disk);
    small = new SmallDisk(disk);
    small.mount(`size=${DISK_BYTES}`);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    small.unmount();
    await world.close();
  });

  it('a restore ends with an error until there is room for files and log, and leaves nothing', async () => {
    const ids = database.transactions.map(({ id }) => id);
    for (const id of [ids[0]!, ids.at(-1)!]) {
      database.endAt(id);
      expect(await run('backup', `--from=file:${database.home}`, repo())).toMatchObject({ exitCode: 0 });
    }
    const to = join(disk, 'data');
    mkdirSync(to);
    let failures = 0;
    for (let room = 0; ; room += campaign.stride(64, 512) * 1024) {
      small.fillUp(room);
      const made = await run('restore', repo(), '--database=neo4j', `--to=${to}`);
      if (made.event === 'report') break;
      expectNoRoom(made, room);
      expect(names(to).filter((name) => !['databases', 'transactions'].includes(name))).toEqual([]);
      failures++;
    }
    expect(failures).toBeGreaterThan(1);
    expect(readdirSync(filesOf(to)).length).toBeGreaterThan(10);
    // One that replaces it needs room for both, and does not harm it.
    const before = names(to).sort();
    small.fillUp(1024 * 1024);
    expectNoRoom(await run('restore', repo(), '--database=neo4j', `--to=${to}`, '--force'), 0);
    expect(names(to).sort()).toEqual(before);
  });

  it('a backup into a full folder ends with an error, and the next one succeeds', async () => {
    const there = `--repo=${join(disk, 'repository')}`;
    expect(await run('repo', 'init', there, '--no-encryption')).toMatchObject({ exitCode: 0 });
    const from = `--from=file:${database.home}`;
    let failures = 0;
    for (let room = 8192; ; room += campaign.stride(32, 256) * 1024) {
      small.fillUp(room);
      const made = await run('backup', from, there);
      if (made.event === 'report') break;
      expect(made, `room ${room}`).toMatchObject({ event: 'error' });
      expect(JSON.stringify(made)).toMatch(/ENOSPC|no room/);
      failures++;
    }
    expect(failures).toBeGreaterThan(0);
    rmSync(join(disk, BALLAST));
    expect(await run('verify', there, '--read')).toMatchObject({ exitCode: 0, bases: 1, faults: [] });
  });
});
