import { expect } from 'vitest';
import { runGraphkeep } from '../../../src/cli/graphkeep/front.ts';
import type { World } from './world.ts';

export type Line = Record<string, unknown>;

/** Runs a command with `--json` and the real engine in a world; returns its last line. Anything on stderr is a failure. */
export async function runJson(world: World, args: readonly string[]): Promise<Line & { exitCode: number }> {
  let output = '';
  const { runBackup: _, ...given } = world.context();
  const context = {
    ...given,
    stdout: (text: string) => {
      output += text;
    },
    stderr: (text: string) => expect.fail(text),
  };
  const exitCode = await runGraphkeep([...args, '--json'], context);
  return { ...(JSON.parse(output.trim().split('\n').at(-1)!) as Line), exitCode };
}
