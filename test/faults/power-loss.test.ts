import { afterAll, expect, it } from 'vitest';
import { FAULT_ROUNDS } from '../support/faults/fault-rounds.ts';
import { nextSeed } from '../support/random/seed.ts';
import { losePower } from '../support/write-order/power-loss.ts';
import { RecordedWorld } from '../support/write-order/recorded-world.ts';

/*
 * Promise: when the power fails at any moment, the old backup or database is there, or the new one, complete; and the next run succeeds.
 * test/support/write-order/lossy-disk.ts defines what a disk may lose. A long campaign cuts the power after every operation.
 */

const options = { moments: Math.ceil(FAULT_ROUNDS / 4), randomDisks: Math.ceil(FAULT_ROUNDS / 100) };

const world = await RecordedWorld.make();
const { commands, recorder, root } = world;

afterAll(() => world.end());

it.each(commands)('$title survives a power cut at any moment', async (command) => {
  const result = await losePower(recorder, command, root, { seed: nextSeed(), ...options });
  console.log(`${command.name}: ${result.operations} operations, ${result.states} states of the disk`);
  expect(result.failures).toEqual([]);
  expect(result.states).toBeGreaterThan(3);
});

it.each(commands)('$title: a disk that lies about flushing is found out', async (command) => {
  const lies = { seed: nextSeed(), moments: 1, randomDisks: 1, ignoresFlushes: true };
  const { failures } = await losePower(recorder, command, root, lies);
  expect(failures).not.toEqual([]);
});
