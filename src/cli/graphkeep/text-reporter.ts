import { BackupFailed } from '../../backup/backup-options.ts';
import { describeError } from '../../base/errors.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';
import { printableLine, printableText } from '../../base/printable-text.ts';
import { describeStack, explainFully } from '../failure-lines.ts';
import type { PrintableContext } from '../printable-output.ts';
import { LiveLine } from '../progress/live-line.ts';
import { PhaseLines } from '../progress/phase-lines.ts';
import type { Progress } from '../progress/progress.ts';
import { drawProgress } from '../progress/progress-text.ts';
import type { Note, Reporter, ReporterOptions, State } from './reporter.ts';
import { WorkState } from './work-state.ts';

const BOLD_RED = ['\x1b[1;31m', '\x1b[0m'] as const;

/**
 * For people: results on stdout, notes and errors on stderr. The course of the work is a live line where stderr is a terminal, else a line
 * for each phase on stdout.
 */
export class TextReporter implements Reporter {
  private readonly context: PrintableContext;
  private readonly options: ReporterOptions;
  private readonly work: WorkState;
  private readonly live: LiveLine | undefined;
  private readonly phases: PhaseLines | undefined;

  constructor(context: PrintableContext, options: ReporterOptions) {
    this.context = context;
    this.options = options;
    this.work = new WorkState(context, options.command, ({ text }) => this.aside(printableLine(text)));
    const { terminal } = context;
    if (options.quiet) return;
    if (terminal === undefined) this.phases = new PhaseLines((text) => context.stdout(`${printableLine(text)}\n`));
    else this.live = new LiveLine(terminal.draw ?? context.stderr, () => this.now());
  }

  line(text: string): void {
    if (this.options.quiet) return;
    this.live?.clear();
    this.context.stdout(`${text}\n`);
  }

  note({ text }: Note): void {
    this.aside(text);
  }

  debug(text: string): void {
    if (this.options.verbose) this.aside(text);
  }

  happened(_event: string, text: string): void {
    if (text !== '') this.line(text);
  }

  began(_event: string, text: string): void {
    if (this.context.terminal === undefined) this.line(text);
  }

  progress(done: Progress): void {
    const measured = this.work.measure(done);
    this.live?.show(() => drawProgress(measured, this.columns()));
    this.phases?.show(measured, this.now());
  }

  status(text: string): void {
    this.live?.show(() => printableText(text).slice(0, this.columns()));
  }

  answerStateWith(state: () => State | undefined): void {
    this.work.describeWith(state);
  }

  report(text: string): void {
    this.phases?.end(this.now());
    this.line(text);
  }

  fail(caught: unknown): void {
    const error = asGraphkeepError(caught);
    const description = error instanceof BackupFailed ? error.message : describeError(error);
    this.live?.clear();
    this.paint('graphkeep:');
    this.context.stderr(` ${description}\n`);
    for (const line of explainFully(error)) if (!description.includes(line)) this.aside(`    ${line}`);
    if (this.options.verbose) this.aside(describeStack(caught));
  }

  private aside(text: string): void {
    this.live?.clear();
    this.context.stderr(`${text}\n`);
  }

  /** A word of ours on stderr, in colour where that is wanted. */
  private paint(word: string): void {
    const { terminal, stderr } = this.context;
    const [begin, end] = BOLD_RED;
    if (terminal?.hasColor === true) (terminal.draw ?? stderr)(`${begin}${word}${end}`);
    else stderr(word);
  }

  /** The last column stays free: some terminals wrap as soon as it is written. */
  private columns(): number {
    return Math.max(1, (this.context.terminal?.columns ?? 80) - 1);
  }

  private now(): number {
    return this.context.now().getTime();
  }
}
