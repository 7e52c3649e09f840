import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { KillCampaign, type KillKind, NEW, OLD } from '../support/faults/kill-campaign.ts';
import { campaign as size } from '../support/random/campaign-size.ts';

/*
 * Promise: a run killed at any moment leaves the old backup, or the new one, or an old one whose log leads to the new one; the next run
 * succeeds and cleans up. test/faults tries every step that changes the file system.
 */

let scratch: string;
let campaign: KillCampaign;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  campaign = await KillCampaign.prepare(scratch);
});

afterAll(async () => {
  await campaign.end();
  await removeDirectory(scratch);
});

const kinds: [KillKind, number][] = [
  ['full', 7],
  ['incremental', 11],
  ['fallback', 7],
  ['mounted', 11],
];

describe.each(size.sample(kinds, 2))('a %s backup that is killed', (kind, kills) => {
  it('a backup may be killed at any step from the first to the last', async () => {
    const steps = await campaign.countSteps(kind);
    expect(steps).toBeGreaterThan(kills);
    // The last steps publish: all of them are tried.
    const early = Array.from({ length: kills }, (_, i) => 1 + Math.floor((i * (steps - 5)) / kills));
    const late = Array.from({ length: 5 }, (_, i) => steps - i);
    for (const step of [...size.sample(early), ...size.sample(late)])
      expect([step, await campaign.killAtStep(kind, step)]).toEqual([step, 1]);
  });

  it('a backup may be killed at any time', async () => {
    let killed = 0;
    for (let i = 0; i < size.rounds(3, 1); i++) killed += Number(await campaign.killDuring(kind, 0.3 + 0.2 * i));
    // A machine with less to do than before may have ended each of them in time.
    for (let part = 0.15; killed === 0; part /= 2) killed += Number(await campaign.killDuring(kind, part));
    expect(killed).toBeGreaterThan(0);
  });
});

it('a server can recover a log that a killed incremental left after the check point', async () => {
  const steps = await campaign.countSteps('incremental');
  const ends: number[] = [];
  for (const i of size.places(1, 6))
    ends.push(await campaign.recoverLeftovers('incremental', Math.floor((i * steps) / 6)));
  expect(ends[0]).toBe(OLD);
  expect(ends.at(-1)).toBe(NEW);
  expect(ends.toSorted((a, b) => a - b)).toEqual(ends);
});

it('a run may be killed while it clears up after a killed one', async () => {
  const killTwice = async (kind: KillKind, stepOf: (steps: number) => number, again: number) =>
    await campaign.killAtStep(kind, stepOf(await campaign.countSteps(kind)), again);
  const runs = [
    ...[1, 2, 3].map((i) => () => killTwice('incremental', (steps) => Math.floor((i * steps) / 3), 3 * i)),
    ...[0, 1, 2].map((i) => () => killTwice('fallback', (steps) => steps - 2 * i, 3 + i)),
  ];
  const kills: number[] = [];
  for (const run of size.sample(runs)) kills.push(await run());
  expect(kills.length).toBe(size.rounds(6, 1));
  expect(kills.filter((killed) => killed !== 2)).toEqual([]);
});
