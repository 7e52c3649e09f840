import type { Progress } from '../progress/progress.ts';

/** Something that the user should know: a text for people; for programs a code that does not change, and what the text is made of. */
export interface Note {
  code: string;
  /** One line in printable characters. */
  text: string;
  data?: object;
}

/** What a command answers to SIGUSR1. */
export interface State {
  text: string;
  data: object;
}

/** What a command tells while it works and when it ends: for people, or as JSON lines for programs. */
export interface Reporter {
  /** A line of the result. */
  line(text: string): void;
  /** Worth knowing, not part of the result. Programs find all notes in the report, or in the error, once more. */
  note(note: Note): void;
  /** For who wants to know everything (`--verbose`). */
  debug(text: string): void;
  /**
   * Something happened in a command that runs until it is stopped: a line for people, or nothing if it is empty; `data` under its own name
   * for programs.
   */
  happened(event: string, text: string, data: object): void;
  /** A step of the work begins: a line where nobody sees the live view, `data` under its own name for programs. */
  began(event: string, text: string, data: object): void;
  progress(done: Progress): void;
  /** How things are now, in a command that runs until it is stopped: the live view of a terminal, nothing elsewhere. */
  status(text: string): void;
  /** What SIGUSR1 is answered with; undefined: with the last progress. */
  answerStateWith(state: () => State | undefined): void;
  /** The end of a command that succeeded: `text` for people, `data` for programs. */
  report(text: string, data: object): void;
  fail(error: unknown): void;
}

export interface ReporterOptions {
  /** Of the command, for the state of the work. Empty: none was found. */
  command: string;
  json: boolean;
  verbose: boolean;
  /** Only notes, and errors. */
  quiet: boolean;
}
