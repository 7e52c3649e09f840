import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { locateTarget } from '../../backup/target/directory/target-places.ts';
import { checkRoom, type WantedRoom } from './room.ts';

const TOO_MUCH = 2 ** 52;

async function levelFor(wanted: Partial<WantedRoom>): Promise<string> {
  const view = { places: await locateTarget(tmpdir()), state: 'absent', base: tmpdir() } as const;
  const nothing = { fullBytes: undefined, incrementalBytes: undefined, isIncremental: false, unless: undefined };
  return (await checkRoom(view, { ...nothing, ...wanted })).level;
}

it('a full backup needs room, unless it may share its blocks with the database', async () => {
  expect(await levelFor({ fullBytes: 1 })).toBe('ok');
  expect(await levelFor({ fullBytes: TOO_MUCH })).toBe('fail');
  expect(await levelFor({ fullBytes: TOO_MUCH, unless: 'it shares its blocks' })).toBe('warn');
  expect(await levelFor({})).toBe('unknown');
});

it('an incremental needs room for itself, and should have some for the full one that may take its place', async () => {
  const incremental = { isIncremental: true, incrementalBytes: 1 };
  expect(await levelFor({ ...incremental, fullBytes: 1 })).toBe('ok');
  expect(await levelFor({ ...incremental, fullBytes: TOO_MUCH })).toBe('warn');
  expect(await levelFor({ ...incremental, incrementalBytes: TOO_MUCH })).toBe('fail');
  expect(await levelFor({ isIncremental: true })).toBe('ok');
});
