import { Dice } from '../random/dice.ts';
import type { FileRecorder } from './file-recorder.ts';
import { type Loss, LossyDisk } from './lossy-disk.ts';
import type { RecordedCommand } from './recorded-commands.ts';

export interface PowerLossOptions {
  seed: number;
  /** Number of operations, evenly spread, at which the power fails; the last ones, which publish, are all tried. */
  moments: number;
  /** Disks per moment in addition to the three plain ones: each loses a different part of what was not flushed. */
  randomDisks: number;
  /** A disk that claims to have flushed but has not. */
  ignoresFlushes?: boolean;
}

export interface PowerLossResult {
  operations: number;
  /** Number of different disk states that were tried. */
  states: number;
  /** One line each; empty = the promise holds. */
  failures: string[];
}

const LAST_OPERATIONS = 12;
const MOST_FAILURES = 10;

/**
 * Records a command, and for each chosen moment lays out what a disk holds if the power fails then. The old state or the new one must be
 * there, and the next run must succeed.
 */
export async function losePower(
  recorder: FileRecorder,
  command: RecordedCommand,
  root: string,
  { seed, moments, randomDisks, ignoresFlushes = false }: PowerLossOptions,
): Promise<PowerLossResult> {
  command.prepare(root);
  const recording = await recorder.record(root, 'late', () => command.run(root));
  const operations = recording.operations.length;
  const disk = new LossyDisk(recording, ignoresFlushes);
  const dice = new Dice(seed);
  const seen = new Set<string>();
  const failures: string[] = [];
  const enough = ignoresFlushes ? 1 : MOST_FAILURES;
  for (const done of chooseMoments(operations, moments)) {
    const losses: Loss[] = ['everything', 'names', 'data', ...Array.from({ length: randomDisks }, () => dice)];
    for (const loss of losses) {
      const state = disk.stateAfter(done, loss);
      const digest = state.digest();
      if (seen.has(digest)) continue;
      seen.add(digest);
      const last = recording.operations[done - 1];
      const place = last === undefined ? 'at the beginning' : `${last.kind} ${last.path}`;
      const moment = `${command.name}, operation ${done} of ${operations} (${place}), ${typeof loss === 'string' ? loss : 'random'}`;
      state.layOut(root);
      try {
        const isNew = await command.expectIntact(root, moment, done);
        if (done === operations && !isNew) throw new Error(`${moment}: what was told as complete is not there`);
        await command.expectNextRun(root, moment, done);
      } catch (error) {
        const text = describe(error);
        failures.push(text.startsWith(moment) ? text : `${moment}: ${text}`);
        if (failures.length === enough) return { operations, states: seen.size, failures };
      }
    }
  }
  return { operations, states: seen.size, failures };
}

function chooseMoments(operations: number, count: number): number[] {
  const early = Math.max(0, operations - LAST_OPERATIONS);
  const chosen = new Set(Array.from({ length: count }, (_, i) => Math.floor((i * early) / count)));
  for (let done = early; done <= operations; done++) chosen.add(done);
  return [...chosen];
}

function describe(error: unknown): string {
  const chain: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const place = (cause as { place?: { file?: string } }).place?.file;
    chain.push(`${cause.message}${place === undefined ? '' : ` [${place}]`}`);
  }
  return chain.join(' <- ');
}
