import { describeStack } from '../failure-lines.ts';
import type { PrintableContext } from '../printable-output.ts';
import type { Progress } from '../progress/progress.ts';
import { describeForPrograms } from './described-error.ts';
import type { Note, Reporter, ReporterOptions, State } from './reporter.ts';
import { WorkState } from './work-state.ts';

/** Milliseconds between two events `progress` of the same phase. */
const REPEAT_MS = 500;

/**
 * For programs: one JSON object per line on stdout, each with its `time` and `event`. The last one is `report` or `error`, with all notes.
 * docs/json.md explains every field; test/guarantees/json-output.test.ts holds it.
 */
export class JsonReporter implements Reporter {
  private readonly context: PrintableContext;
  private readonly options: ReporterOptions;
  private readonly work: WorkState;
  private readonly notes: object[] = [];
  private shown: { phase: string; at: number } | undefined;

  constructor(context: PrintableContext, options: ReporterOptions) {
    this.context = context;
    this.options = options;
    this.work = new WorkState(context, options.command, ({ data }) => this.write({ event: 'state', ...data }));
  }

  line(text: string): void {
    this.tell({ event: 'line', text });
  }

  note({ code, text, data }: Note): void {
    const note = { code, text, ...data };
    this.notes.push(note);
    this.write({ event: 'note', ...note });
  }

  debug(text: string): void {
    if (this.options.verbose) this.write({ event: 'debug', text });
  }

  happened(event: string, _text: string, data: object): void {
    this.tell({ event, ...data });
  }

  began(event: string, _text: string, data: object): void {
    this.tell({ event, ...data });
  }

  progress(done: Progress): void {
    const measured = this.work.measure(done);
    const at = this.context.now().getTime();
    if (this.shown?.phase === done.phase && at - this.shown.at < REPEAT_MS) return;
    this.shown = { phase: done.phase, at };
    this.tell({ event: 'progress', ...measured });
  }

  /** Programs get events, and ask for the state when they want it. */
  status(): void {}

  answerStateWith(state: () => State | undefined): void {
    this.work.describeWith(state);
  }

  report(_text: string, data: object): void {
    this.write({ event: 'report', ...this.ofCommand(), ...data, notes: this.notes });
  }

  fail(error: unknown): void {
    const stack = this.options.verbose && error instanceof Error ? { stack: describeStack(error) } : {};
    this.write({ event: 'error', ...this.ofCommand(), ...describeForPrograms(error), ...stack, notes: this.notes });
  }

  private ofCommand(): { command?: string } {
    const { command } = this.options;
    return command === '' ? {} : { command };
  }

  /** What nobody has to know. */
  private tell(event: object): void {
    if (!this.options.quiet) this.write(event);
  }

  private write(event: object): void {
    this.context.printJson({ time: this.context.now().toISOString(), ...event });
  }
}
