import { randomBytes } from 'node:crypto';
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { fileError, isForbidden, missingDirectory, systemCodeOf } from '../../base/file-errors.ts';
import { remedyForFile } from '../../base/system-remedies.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import type { Finding, ReportFinding } from '../findings/finding.ts';
import type { CheckResult } from '../store-check.ts';
import { reportName } from './report-name.ts';
import { renderEntry, renderLeftOut, renderSummary, renderSummaryEntry } from './report-text.ts';

const BUFFER_BYTES = 64 * 1024;

/** This many findings, and bytes of them, are written; the rest is counted by kind. */
const MOST_FINDINGS = 10_000;
const MOST_BYTES = 10_000_000;

/**
 * The report file of one check (spec consistency-check 2), created with the first finding: no findings, no file. An existing file is never
 * touched. A damaged store may have as many findings as records. So the file holds the first {@link MOST_FINDINGS}, up to {@link
 * MOST_BYTES}, and counts the rest by kind. Problems with the file do not change the result of the check: see {@link failure}.
 */
export class ReportFile {
  private readonly directory: string;
  private readonly startedAt: Date;
  private openPath: string | undefined;
  private fd = -1;
  private pending: string[] = [];
  private pendingLength = 0;
  private findings = 0;
  private bytes = 0;
  private readonly leftOut = new Map<CheckKind, number>();
  private problem: GraphkeepError | undefined;

  private constructor(directory: string, startedAt: Date) {
    this.directory = directory;
    this.startedAt = startedAt;
  }

  /**
   * Verifies that a report could be written, before any work is done for it.
   *
   * @throws GraphkeepError `directory.missing`, `directory.forbidden`, `file.io`
   */
  static prepare(directory: string, startedAt: Date): ReportFile {
    requireDirectory(directory);
    // An unguessable name: a link in its place would be followed.
    const probe = join(directory, `.graphkeep-report-${randomBytes(6).toString('hex')}`);
    try {
      closeSync(openSync(probe, 'wx'));
      rmSync(probe);
    } catch (error) {
      throw refused(error, directory);
    }
    return new ReportFile(directory, startedAt);
  }

  /** Does not look at the directory: {@link failure} is set if a report is needed but cannot be written. */
  static begin(directory: string, startedAt: Date): ReportFile {
    return new ReportFile(directory, startedAt);
  }

  /** Path of the file; undefined while there is nothing to report. */
  get path(): string | undefined {
    return this.openPath;
  }

  /** Why the report is incomplete or missing. */
  get failure(): GraphkeepError | undefined {
    return this.problem;
  }

  readonly add: ReportFinding = (finding: Finding) => {
    const entry = this.findings < MOST_FINDINGS && this.leftOut.size === 0 ? renderEntry(finding) : undefined;
    const bytes = entry === undefined ? 0 : Buffer.byteLength(entry);
    if (entry === undefined || this.bytes + bytes > MOST_BYTES) {
      this.leftOut.set(finding.kind, (this.leftOut.get(finding.kind) ?? 0) + 1);
      return;
    }
    this.findings++;
    this.bytes += bytes;
    this.append(entry);
  };

  /** Writes the counts of omitted findings and, if there were errors, the summary; closes the file. */
  finish(result: Pick<CheckResult, 'errors' | 'warnings' | 'errorsByType'>): void {
    if (this.leftOut.size > 0) this.append(renderLeftOut(this.leftOut));
    const summary = renderSummary(result);
    if (summary !== undefined) this.append(renderSummaryEntry(summary));
    this.close();
  }

  /** Closes the file as it is, after a check that did not finish. */
  close(): void {
    if (this.fd === -1) return;
    this.try(() => this.flush());
    const { fd } = this;
    this.fd = -1;
    this.try(() => closeSync(fd));
  }

  private append(entry: string): void {
    if (this.problem !== undefined) return;
    this.try(() => {
      if (this.fd === -1) this.create();
      this.pending.push(entry);
      this.pendingLength += entry.length;
      if (this.pendingLength >= BUFFER_BYTES) this.flush();
    });
  }

  private try(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.pending = [];
      this.problem ??=
        error instanceof GraphkeepError ? error : fileError(error, 'write the report', this.openPath ?? this.directory);
    }
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
    for (let done = 0; done < bytes.length; ) done += writeSync(this.fd, bytes, done);
  }
}

function requireDirectory(directory: string): void {
  try {
    if (statSync(directory).isDirectory()) return;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) throw refused(error, directory);
  }
  throw missingDirectory(directory);
}

function refused(error: unknown, directory: string): GraphkeepError {
  if (!isForbidden(error)) return fileError(error, 'write a report into the directory', directory);
  throw new GraphkeepError('directory.forbidden', 'no report can be written into the directory', {
    place: { file: directory },
    hint: `Choose another directory for the report. ${remedyForFile(systemCodeOf(error), directory) ?? ''}`.trim(),
    cause: error,
  });
}
