import { printableLines } from '../base/printable-text.ts';
import type { CommandContext } from './command-context.ts';

/** The same context with both streams behind the last safeguard: whatever is written, a terminal finds nothing in it to obey. */
export function withPrintableOutput(context: CommandContext): CommandContext {
  const { stdout, stderr, terminal } = context;
  // What the context only computes when it is asked stays so.
  const same = Object.defineProperties({}, Object.getOwnPropertyDescriptors(context)) as CommandContext;
  return Object.assign(same, {
    stdout: (text: string) => stdout(printableLines(text)),
    stderr: (text: string) => stderr(printableLines(text)),
    ...(terminal === undefined ? {} : { terminal: { ...terminal, draw: terminal.draw ?? stderr } }),
  });
}
