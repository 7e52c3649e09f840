import { printableJson, printableLines } from '../base/printable-text.ts';
import type { CommandContext, Terminal } from './command-context.ts';

/** A context whose output contains nothing that a terminal would obey. */
export interface PrintableContext extends CommandContext {
  /** Writes a line of JSON to stdout. Only its texts may be cut, so it is valid JSON however long it is. */
  printJson(value: object): void;
}

/** The same context with both streams behind a last safeguard, so that their output contains nothing that a terminal would obey. */
export function withPrintableOutput(context: CommandContext & Partial<PrintableContext>): PrintableContext {
  const { stdout, stderr, terminal } = context;
  // Properties that the context computes on demand stay lazy.
  const same = Object.defineProperties({}, Object.getOwnPropertyDescriptors(context)) as CommandContext;
  return Object.assign(same, {
    stdout: (text: string) => stdout(printableLines(text)),
    stderr: (text: string) => stderr(printableLines(text)),
    // A context that is already safe knows how to bypass its own safeguard.
    printJson: context.printJson ?? ((value: object) => stdout(`${printableJson(value)}\n`)),
    ...(terminal === undefined ? {} : { terminal: withDraw(terminal, terminal.draw ?? stderr) }),
  });
}

/** The width is still read from the terminal each time. */
function withDraw(terminal: Terminal, draw: (text: string) => void): Terminal {
  return Object.assign(Object.defineProperties({}, Object.getOwnPropertyDescriptors(terminal)) as Terminal, { draw });
}
