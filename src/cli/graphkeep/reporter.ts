import { BackupFailed } from '../../backup/backup-options.ts';
import { describeError } from '../../base/errors.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';
import { printableText } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import type { CommandContext } from '../command-context.ts';
import { describeStack, explainFully } from '../failure-lines.ts';
import type { PrintableContext } from '../printable-output.ts';
import { describeForPrograms } from './described-error.ts';
import { type BytesDone, drawBytes, drawPart, ProgressBar } from './progress-bar.ts';

/** How far a phase has come: what was moved so far, or a part of a known whole. */
export type Progress =
  | { phase: string; files: number; bytes: number }
  | { phase: string; done: number; total: number }
  | BytesDone;

/** Something that the user should know: a text for people; for programs a code that does not change, and what the text is made of. */
export interface Note {
  code: string;
  /** One line in printable characters. */
  text: string;
  data?: object;
}

/** What a command tells while it works and when it ends: for people, or as JSON lines for programs. */
export interface Reporter {
  /** A line of the result. */
  line(text: string): void;
  /** Worth knowing, not part of the result. Programs find all notes in the report, or in the error, once more. */
  note(note: Note): void;
  debug(text: string): void;
  /** Something happened in a command that runs until it is stopped: a line for people, `data` under its own name for programs. */
  happened(event: string, text: string, data: object): void;
  progress(done: Progress): void;
  /** The end of a command that succeeded: `text` for people, `data` for programs. */
  report(text: string, data: object): void;
  fail(error: unknown): void;
}

export function createReporter(context: PrintableContext, options: { json: boolean; verbose: boolean }): Reporter {
  return options.json ? new JsonReporter(context, options.verbose) : new TextReporter(context, options.verbose);
}

/** Results on stdout, everything else on stderr, a progress bar if that is a terminal. */
class TextReporter implements Reporter {
  private readonly context: CommandContext;
  private readonly verbose: boolean;
  private readonly bar: ProgressBar | undefined;

  constructor(context: CommandContext, verbose: boolean) {
    this.context = context;
    this.verbose = verbose;
    const { terminal, stderr, now } = context;
    this.bar =
      terminal === undefined
        ? undefined
        : new ProgressBar(
            terminal.draw ?? stderr,
            () => terminal.columns,
            () => now().getTime(),
          );
  }

  line(text: string): void {
    this.bar?.clear();
    this.context.stdout(`${text}\n`);
  }

  note({ text }: Note): void {
    this.aside(text);
  }

  debug(text: string): void {
    if (this.verbose) this.aside(text);
  }

  happened(_event: string, text: string): void {
    this.line(text);
  }

  progress(done: Progress): void {
    this.bar?.show(printableText(draw(done)));
  }

  report(text: string): void {
    this.line(text);
  }

  fail(caught: unknown): void {
    const error = asGraphkeepError(caught);
    const description = error instanceof BackupFailed ? error.message : describeError(error);
    this.aside(`graphkeep: ${description}`);
    for (const line of explainFully(error)) if (!description.includes(line)) this.aside(`    ${line}`);
    if (this.verbose) this.aside(describeStack(caught));
  }

  private aside(text: string): void {
    this.bar?.clear();
    this.context.stderr(`${text}\n`);
  }
}

function draw(done: Progress): string {
  if ('total' in done) return drawPart(done);
  if ('totalBytes' in done) return drawBytes(done);
  return `${done.phase}: ${done.files} files, ${formatBytes(done.bytes)}`;
}

/** One JSON object per line on stdout, each with its `event`; the last one is `report` or `error`, with all notes. */
class JsonReporter implements Reporter {
  private readonly context: PrintableContext;
  private readonly verbose: boolean;
  private readonly notes: object[] = [];

  constructor(context: PrintableContext, verbose: boolean) {
    this.context = context;
    this.verbose = verbose;
  }

  line(text: string): void {
    this.write({ event: 'line', text });
  }

  note({ code, text, data }: Note): void {
    const note = { code, text, ...data };
    this.notes.push(note);
    this.write({ event: 'note', ...note });
  }

  debug(text: string): void {
    if (this.verbose) this.write({ event: 'debug', text });
  }

  happened(event: string, _text: string, data: object): void {
    this.write({ event, ...data });
  }

  progress(done: Progress): void {
    this.write({ event: 'progress', ...done });
  }

  report(_text: string, data: object): void {
    this.write({ event: 'report', ...data, notes: this.notes });
  }

  fail(error: unknown): void {
    const stack = this.verbose && error instanceof Error ? { stack: describeStack(error) } : {};
    this.write({ event: 'error', ...describeForPrograms(error), ...stack, notes: this.notes });
  }

  private write(event: object): void {
    this.context.printJson({ time: this.context.now().toISOString(), ...event });
  }
}
