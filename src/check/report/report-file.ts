import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { fileError, isForbidden, systemCodeOf } from '../../base/file-errors.ts';
import { remedyForFile } from '../../base/system-remedies.ts';
import type { CheckResult } from '../check-store.ts';
import type { Finding, ReportFinding } from '../finding.ts';
import { reportName } from './report-name.ts';
import { renderEntry, renderSummary, renderSummaryEntry } from './report-text.ts';

const BUFFER_BYTES = 64 * 1024;

/**
 * The report file of one check (consistency-check spec 2), made with the first finding: nothing to report, no file. A file that is there
 * already is never touched.
 */
export class ReportFile {
  private readonly directory: string;
  private readonly startedAt: Date;
  private openPath: string | undefined;
  private fd = -1;
  private pending: string[] = [];
  private pendingLength = 0;

  private constructor(directory: string, startedAt: Date) {
    this.directory = directory;
    this.startedAt = startedAt;
  }

  /**
   * Makes sure that a report could be written, before any work is done for it.
   *
   * @throws GraphkeepError `directory.missing`, `directory.forbidden`, `file.io`
   */
  static prepare(directory: string, startedAt: Date): ReportFile {
    requireDirectory(directory);
    const probe = join(directory, `.graphkeep-report-${process.pid}`);
    try {
      closeSync(openSync(probe, 'w'));
      rmSync(probe);
    } catch (error) {
      throw refused(error, directory);
    }
    return new ReportFile(directory, startedAt);
  }

  /** Path of the file; undefined as long as there is nothing to report. */
  get path(): string | undefined {
    return this.openPath;
  }

  readonly add: ReportFinding = (finding: Finding) => this.append(renderEntry(finding));

  /** Writes the summary, if there were errors, and closes the file. */
  finish(result: Pick<CheckResult, 'errors' | 'warnings' | 'errorsByType'>): void {
    const summary = renderSummary(result);
    if (summary !== undefined) this.append(renderSummaryEntry(summary));
    this.close();
  }

  /** Closes the file as it is, after a check that did not come to its end. */
  close(): void {
    if (this.fd === -1) return;
    try {
      this.flush();
    } finally {
      closeSync(this.fd);
      this.fd = -1;
    }
  }

  private append(entry: string): void {
    if (this.fd === -1) this.create();
    this.pending.push(entry);
    this.pendingLength += entry.length;
    if (this.pendingLength >= BUFFER_BYTES) this.flush();
  }

  private create(): void {
    const name = join(this.directory, reportName(this.startedAt));
    for (let number = 1; this.fd === -1; number++) {
      const path = number === 1 ? name : name.replace(/\.report$/, `-${number}.report`);
      try {
        this.fd = openSync(path, 'wx');
        this.openPath = path;
      } catch (error) {
        if (systemCodeOf(error) !== 'EEXIST') throw refused(error, this.directory);
      }
    }
  }

  private flush(): void {
    const bytes = Buffer.from(this.pending.join(''), 'utf8');
    this.pending = [];
    this.pendingLength = 0;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.fd, bytes, done);
    } catch (error) {
      throw fileError(error, 'write the report', this.openPath!);
    }
  }
}

function requireDirectory(directory: string): void {
  try {
    if (statSync(directory).isDirectory()) return;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) throw refused(error, directory);
  }
  throw new GraphkeepError('directory.missing', `Directory '${directory}' does not exist.`);
}

function refused(error: unknown, directory: string): GraphkeepError {
  if (!isForbidden(error)) return fileError(error, 'write a report into the directory', directory);
  throw new GraphkeepError('directory.forbidden', 'no report can be written into the directory', {
    place: { file: directory },
    hint: `Choose another directory for the report. ${remedyForFile(systemCodeOf(error), directory) ?? ''}`.trim(),
    cause: error,
  });
}
