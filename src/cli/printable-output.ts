import { printableJson, printableLines } from '../base/printable-text.ts';
import type { CommandContext, Terminal } from './command-context.ts';

/** A context whose output a terminal finds nothing in to obey. */
export interface PrintableContext extends CommandContext {
  /** Writes a line of JSON to stdout: it is cut nowhere but in its texts, so it is JSON however long it is. */
  printJson(value: object): void;
}

/** The same context with both streams behind the last safeguard: whatever is written, a terminal finds nothing in it to obey. */
export function withPrintableOutput(context: CommandContext & Partial<PrintableContext>): PrintableContext {
  const { stdout, stderr, terminal } = context;
  // What the context only computes when it is asked stays so.
  const same = Object.defineProperties({}, Object.getOwnPropertyDescriptors(context)) as CommandContext;
  return Object.assign(same, {
    stdout: (text: string) => stdout(printableLines(text)),
    stderr: (text: string) => stderr(printableLines(text)),
    // A context that is safe already knows the way around its own safeguard.
    printJson: context.printJson ?? ((value: object) => stdout(`${printableJson(value)}\n`)),
    ...(terminal === undefined ? {} : { terminal: withDraw(terminal, terminal.draw ?? stderr) }),
  });
}

/** Its width stays a question to the terminal. */
function withDraw(terminal: Terminal, draw: (text: string) => void): Terminal {
  return Object.assign(Object.defineProperties({}, Object.getOwnPropertyDescriptors(terminal)) as Terminal, { draw });
}
