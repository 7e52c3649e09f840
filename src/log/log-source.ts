import { closeSync, fdatasync, fstatSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GraphkeepError } from '../base/errors.ts';
import { fileError, isMissing } from '../base/file-errors.ts';
import { openRegularFile } from '../base/regular-files.ts';
import { listLogVersions, logFileName } from './log-files.ts';

const flushData = promisify(fdatasync);

/** The bytes of numbered files. */
export interface LogBytes {
  /** The name of this version's file in errors. */
  nameOf(version: number): string;
  /** Reads up to `length` bytes of the file at `position` into `buffer` at `at`; returns the number read. */
  read(version: number, buffer: Buffer, at: number, length: number, position: number): number;
}

/** Supplies a reader with the bytes of the log files. */
export interface LogSource extends LogBytes {
  readonly lowest: number | undefined;
  readonly highest: number | undefined;
  /** Readable bytes of the file now; 0 if it does not exist (yet). */
  sizeOf(version: number): number;
  /** The whole file without a copy, if the source holds it in memory and it no longer grows. Do not write to it. */
  contentOf?(version: number): Buffer | undefined;
}

/**
 * The log files of a directory through open descriptors. A descriptor stays readable after the server has pruned the file, so a copy of a
 * live store calls {@link pin} early and often (spec transaction-logs 10.4). Without that, a file is opened on its first read.
 */
export class LogFileSet implements LogSource {
  readonly directory: string;
  private readonly descriptors = new Map<number, number>();
  private readonly forcedBytes = new Map<number, number>();
  /** Files that were forced to disk after a newer one had appeared: nothing is added to them any more. */
  private readonly finished = new Set<number>();
  private first: number | undefined;
  private last: number | undefined;
  private onlyForced = false;
  /** Files below this version were released and are not opened again. */
  private floor = 0;

  /** Lists the directory; the files must be contiguous. */
  constructor(directory: string) {
    this.directory = directory;
    const versions = listLogVersions(directory);
    this.first = versions[0];
    this.last = versions.at(-1);
  }

  get lowest(): number | undefined {
    return this.first;
  }

  get highest(): number | undefined {
    return this.last;
  }

  nameOf(version: number): string {
    return join(this.directory, logFileName(version));
  }

  /**
   * Opens every file that is not open yet, including new ones. In the first call, files below one that was pruned before it could be opened
   * are left out; in later calls such a loss is a `log.gap`.
   */
  pin(): void {
    const held = this.descriptors.size > 0;
    for (const version of listLogVersions(this.directory)) {
      if (version >= this.floor) this.descriptor(version);
    }
    const versions = [...this.descriptors.keys()].sort((a, b) => b - a);
    const newest = versions[0];
    if (newest === undefined) return;
    const contiguous = versions.findIndex((version, index) => version !== newest - index);
    if (contiguous !== -1) {
      if (held) throw this.lostFile(newest - contiguous);
      this.release(newest - contiguous + 1);
    }
    this.first = this.descriptors.size === 0 ? undefined : Math.min(...this.descriptors.keys());
    this.last = newest;
  }

  /** False if the newest file is another one now, or gone without a newer one: the log was replaced. */
  holdsNewest(): boolean {
    const newest = this.last;
    const descriptor = newest === undefined ? undefined : this.descriptors.get(newest);
    if (newest === undefined || descriptor === undefined) return true;
    const there = statSync(this.nameOf(newest), { throwIfNoEntry: false });
    if (there === undefined) return listLogVersions(this.directory).some((version) => version > newest);
    const held = fstatSync(descriptor);
    return there.ino === held.ino && there.dev === held.dev;
  }

  private lostFile(version: number): GraphkeepError {
    return new GraphkeepError('log.gap', 'the server removed a transaction log before it could be opened', {
      place: { file: this.nameOf(version) },
      hint: 'Raise dbms.tx_log.rotation.retention_policy on the server, then run the command again.',
    });
  }

  sizeOf(version: number): number {
    const descriptor = this.descriptor(version);
    if (descriptor === undefined) return 0;
    if (this.onlyForced) return this.forcedBytes.get(version) ?? 0;
    return fstatSync(descriptor).size;
  }

  read(version: number, buffer: Buffer, at: number, length: number, position: number): number {
    const descriptor = this.descriptor(version);
    if (descriptor === undefined) return 0;
    try {
      return readSync(descriptor, buffer, at, length, position);
    } catch (error) {
      throw fileError(error, 'read the file', this.nameOf(version));
    }
  }

  /**
   * Forces the files from version `from` on to disk. From now on only forced bytes are visible: the source cannot lose in a power cut what
   * a reader has seen (spec transaction-logs 5). Newest file first: once its size is known, the file before it is final.
   */
  async force(from: number): Promise<void> {
    this.onlyForced = true;
    for (let version = this.last ?? from - 1; version >= from; version--) {
      const descriptor = this.descriptor(version);
      if (descriptor === undefined || this.finished.has(version)) continue;
      if (fstatSync(descriptor).size <= (this.forcedBytes.get(version) ?? -1)) continue;
      await this.forceFile(version, descriptor);
    }
  }

  /** Waits until everything that was read of the files from version `from` on is on disk, whatever the server does with them. */
  async flush(from: number): Promise<void> {
    for (const [version, descriptor] of this.descriptors) {
      if (version >= from && !this.finished.has(version)) await this.forceFile(version, descriptor);
    }
  }

  /** Ends what {@link force} began: all that is written is visible again. */
  showWritten(): void {
    this.onlyForced = false;
  }

  /** Closes the files below `version` and removes them from the set. */
  release(version: number): void {
    for (const [known, descriptor] of this.descriptors) {
      if (known >= version) continue;
      this.descriptors.delete(known);
      this.forcedBytes.delete(known);
      this.finished.delete(known);
      closeSync(descriptor);
    }
    this.floor = Math.max(this.floor, version);
    if (this.first !== undefined && this.first < version) this.first = version;
  }

  close(): void {
    for (const descriptor of this.descriptors.values()) closeSync(descriptor);
    this.descriptors.clear();
  }

  private async forceFile(version: number, descriptor: number): Promise<void> {
    const isFinished = this.last !== undefined && version < this.last;
    const { size } = fstatSync(descriptor);
    try {
      await flushData(descriptor);
    } catch (error) {
      throw fileError(error, 'force the file', this.nameOf(version));
    }
    // It may have been released meanwhile.
    if (!this.descriptors.has(version)) return;
    this.forcedBytes.set(version, size);
    if (isFinished) this.finished.add(version);
  }

  private descriptor(version: number): number | undefined {
    const known = this.descriptors.get(version);
    if (known !== undefined) return known;
    try {
      const descriptor = openRegularFile(this.nameOf(version));
      this.descriptors.set(version, descriptor);
      if (this.last === undefined || version > this.last) this.last = version;
      return descriptor;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw fileError(error, 'open the file', this.nameOf(version));
    }
  }
}
