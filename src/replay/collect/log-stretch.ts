import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { logFileName } from '../../log/log-files.ts';
import { isBefore, type LogPosition } from '../../log/log-position.ts';
import type { LogSource } from '../../log/log-source.ts';
import { LogReader } from '../../log/v3/log-reader.ts';
import type { LogItem, LogTransaction } from '../../log/v3/log-transaction.ts';

/** A stretch of the log in a directory. A single value, so that no limit is lost when it is passed on. */
export interface LogStretch {
  readonly folder: string;
  readonly start: LogPosition;
  /** The end of a transaction or check point; undefined = the end of the log, which must not grow. */
  readonly end: LogPosition | undefined;
}

/** Reads the transactions of a stretch, oldest first, and nothing appended after its end. */
export class StretchReader {
  private readonly reader: LogReader;
  private readonly stretch: LogStretch;

  /** `source`: the files of the stretch; the caller opens and closes them. */
  constructor(stretch: LogStretch, source: LogSource) {
    this.stretch = stretch;
    const { start, end } = stretch;
    this.reader = new LogReader(source, { from: start, ...(end === undefined ? {} : { through: end.version }) });
  }

  /**
   * The next transaction; undefined at the end of the stretch.
   * @throws GraphkeepError `log.corrupt` if a transaction or check point crosses the end, or the log ends before it
   */
  next(): LogTransaction | undefined {
    while (this.hasMore()) {
      const item = this.reader.next();
      if (item === undefined) {
        if (this.stretch.end !== undefined && this.hasMore())
          throw this.wrongEnd('the log ends before the stretch does');
        return undefined;
      }
      if (!this.holds(item)) return undefined;
      if (item.kind === 'transaction') return item;
    }
    return undefined;
  }

  /** End of the last complete transaction or check point read; after the last one, the end of the stretch. */
  get position(): LogPosition {
    return this.stretch.end ?? this.reader.position;
  }

  private hasMore(): boolean {
    const { end } = this.stretch;
    return end === undefined || isBefore(this.reader.position, end);
  }

  private holds(item: LogItem): boolean {
    const { end } = this.stretch;
    if (end === undefined) return true;
    if (!isBefore(startOf(item), end)) return false;
    if (isBefore(end, this.reader.position))
      throw this.wrongEnd('the stretch ends inside a transaction or check point');
    return true;
  }

  private wrongEnd(message: string): GraphkeepError {
    const { folder, end } = this.stretch;
    return new GraphkeepError('log.corrupt', message, {
      place: { file: join(folder, logFileName(end!.version)), offset: end!.offset },
      observed: `end of the last one at ${this.reader.position.offset} of file ${this.reader.position.version}`,
    });
  }
}

function startOf(item: LogItem): LogPosition {
  return item.kind === 'transaction' ? { version: item.version, offset: item.startOffset } : item.at;
}
