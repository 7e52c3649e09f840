import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { printableText } from '../../base/printable-text.ts';
import type { Wait } from '../../protocol/delivery.ts';
import type { CopyReceiver, FileReceiver } from '../backup-source.ts';
import type { NeostoreProbe } from '../neostore-probe.ts';
import type { ReceivedNames } from '../received-names.ts';
import type { AnswerHandler } from './request-stream.ts';

/** Limit for the files of one answer, which are all open until it is complete. A real index has a few dozen. */
const MAX_OPEN_FILES = 500;

/** Shared by all files of a copy, whichever connection brings them. */
export interface CopyTarget {
  receiver: CopyReceiver;
  names: ReceivedNames;
  neostore: NeostoreProbe;
  peer: string;
}

/**
 * Receives the files of a PREPARE answer. If the connection is lost, a new answer has a new check point, so the files received so far are
 * dropped. There may be many files, so each is closed when it is complete.
 */
export class PreparedFiles implements AnswerHandler {
  private readonly target: CopyTarget;
  private readonly files = new Map<string, FileReceiver>();
  private current: FileReceiver | undefined;

  constructor(target: CopyTarget) {
    this.target = target;
  }

  /** Names of the received files. */
  get received(): ReadonlySet<string> {
    return new Set(this.files.keys());
  }

  async beginAttempt(): Promise<void> {
    for (const [name, file] of this.files) {
      await file.discard();
      this.target.names.forget(name);
    }
    this.files.clear();
  }

  async beginFile(received: string, alignment: number, offset: number): Promise<void> {
    const { receiver, names, peer } = this.target;
    const name = names.accept(received, { peer, offset });
    this.current = await receiver.openFile({ name, alignment, empty: false });
    this.files.set(name, this.current);
  }

  fileBytes(chunk: Buffer): Wait {
    return this.current!.bytes(chunk);
  }

  endFile(): Wait {
    return this.current!.end();
  }
}

interface OpenFile {
  receiver: FileReceiver;
  /** The attempt that last brought the file. */
  attempt: number;
}

/**
 * Receives the files of an answer that may be requested again. Every file stays open until the answer is complete, and restarts when it
 * comes again. A file that does not come again is dropped.
 */
export class RequestedFiles implements AnswerHandler {
  private readonly target: CopyTarget;
  private readonly expected: string | undefined;
  private readonly files = new Map<string, OpenFile>();
  private current: FileReceiver | undefined;
  private isInNeostore = false;
  private attempt = 0;

  /** `expected`: the only file that may come, and must; its name was accepted before. */
  constructor(target: CopyTarget, expected?: string) {
    this.target = target;
    this.expected = expected;
  }

  beginAttempt(): void {
    this.attempt++;
  }

  async beginFile(received: string, alignment: number, offset: number): Promise<void> {
    const place = { peer: this.target.peer, offset };
    const known = this.files.get(received);
    if (known?.attempt === this.attempt) throw refuse('the server sends a file twice in one answer', received, place);
    if (known !== undefined) await known.receiver.restart();
    const file = known ?? (await this.open(received, alignment, place));
    file.attempt = this.attempt;
    this.current = file.receiver;
    this.isInNeostore = this.expected === 'neostore';
    if (this.isInNeostore) this.target.neostore.beginFile('neostore');
  }

  fileBytes(chunk: Buffer): Wait {
    if (this.isInNeostore) this.target.neostore.fileBytes(chunk);
    return this.current!.bytes(chunk);
  }

  endFile(): Wait {}

  /** Call when the answer is complete. */
  async finish(): Promise<void> {
    for (const { receiver, attempt } of this.files.values()) {
      if (attempt === this.attempt) await receiver.end();
      else await receiver.discard();
    }
    if (this.expected === undefined || this.files.get(this.expected)?.attempt === this.attempt) return;
    throw refuse('the server sends no file, and says that it did', this.expected, { peer: this.target.peer });
  }

  private async open(received: string, alignment: number, place: ErrorPlace): Promise<OpenFile> {
    const { receiver, names } = this.target;
    if (this.expected !== undefined && received !== this.expected) {
      throw refuse(`the server sends another file than ${this.expected}`, received, place);
    }
    if (this.files.size >= MAX_OPEN_FILES)
      throw refuse('the server sends too many files in one answer', received, place);
    const name = this.expected ?? names.accept(received, place);
    const file = { receiver: await receiver.openFile({ name, alignment, empty: false }), attempt: this.attempt };
    this.files.set(received, file);
    return file;
  }
}

function refuse(message: string, observed: string, place: ErrorPlace): GraphkeepError {
  return new GraphkeepError('peer.hostile', message, { place, observed: printableText(observed, 120) });
}
