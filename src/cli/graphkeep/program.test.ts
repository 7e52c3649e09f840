import { describe, expect, it } from 'vitest';
import { nativeCommands } from '../command-table.ts';
import { buildProgram, type Invocation, normalizeFlags } from './program.ts';

/** Parses the arguments of a command line as the program does. */
async function parse(args: readonly string[]): Promise<Invocation[]> {
  const seen: Invocation[] = [];
  const refuse = (text: string): never => expect.fail(text);
  const context = {
    stdout: refuse,
    stderr: refuse,
    env: {},
    cwd: '/',
    now: () => new Date(0),
    signal: AbortSignal.abort(),
  };
  await buildProgram(context, async (invocation) => void seen.push(invocation)).parseAsync(normalizeFlags(args), {
    from: 'user',
  });
  return seen;
}

describe.each(nativeCommands)('the examples of $name', (command) => {
  it('are there', () => {
    expect(command.examples).not.toEqual([]);
  });

  it.each(command.examples)('$command', async ({ command: line }) => {
    const [, words = ''] = /(?:^|<\()graphkeep ([^|)]+)/.exec(line) ?? [];
    const [invocation, ...others] = await parse(words.trim().split(' '));
    expect(others).toEqual([]);
    expect(invocation?.command).toBe(command);
  });
});
