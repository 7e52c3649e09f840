import { expect } from 'vitest';
import { runGraphkeep } from '../../../src/cli/graphkeep/front.ts';

/** Runs a command of graphkeep in this process, with `--json`; it must succeed. Returns its last line. */
export async function graphkeep(...args: string[]): Promise<Record<string, unknown>> {
  let output = '';
  const take = (text: string) => {
    output += text;
  };
  const context = {
    env: {},
    cwd: '/',
    stdout: take,
    stderr: take,
    signal: new AbortController().signal,
    now: () => new Date(),
  };
  const exitCode = await runGraphkeep([...args, '--json'], context);
  expect({ exitCode }, output).toEqual({ exitCode: 0 });
  return JSON.parse(output.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
}
