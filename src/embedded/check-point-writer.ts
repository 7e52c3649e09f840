import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from '../base/durable-files.ts';
import { logFileName } from '../log/log-files.ts';
import type { LogPosition } from '../log/log-position.ts';
import { LogFileSet } from '../log/log-source.ts';
import { planPruning, readPrunableFile } from '../log/v3/retention.ts';
import type { IndexesReport } from '../replay/derived/schema-index-files.ts';
import { checkPointStore } from '../replay/recovery.ts';
import type { Committer } from './commits/committer.ts';
import type { EmbeddedSettings } from './embedded-options.ts';
import type { LiveRecords } from './graph/live-records.ts';

/** A check point: the store files hold everything up to this transaction and log position. */
export interface CheckPoint {
  lastTransaction: number;
  position: LogPosition;
}

/** The parts of a database that its check points need. */
export interface CheckPointedDatabase {
  readonly directory: string;
  /** Directory for temporary files. */
  readonly scratch: string;
  readonly settings: EmbeddedSettings;
  readonly committer: Committer;
  readonly records: LiveRecords;
}

/**
 * Makes check points: brings the store files up to the current end of the log, records that in the log, removes log files that need not be
 * kept, and forgets changed records that the files now hold. One at a time; commits continue meanwhile.
 */
export class CheckPointWriter {
  private readonly directory: string;
  private readonly scratch: string;
  private readonly settings: EmbeddedSettings;
  private readonly committer: Committer;
  private readonly records: LiveRecords;
  /** Indexes that only a server can write; we do not try to build them again. */
  private readonly leftToServer = new Set<number>();
  private last: CheckPoint;
  /** False after a check point that failed midway: the files may be newer than the last one. */
  private storeIsExact = true;
  /** Lowest log files still needed by somebody. */
  private readonly kept = new Set<{ version: number }>();

  /** `last`: the check point of the store files. */
  constructor(database: CheckPointedDatabase, last: CheckPoint) {
    this.directory = database.directory;
    this.scratch = database.scratch;
    this.settings = database.settings;
    this.committer = database.committer;
    this.records = database.records;
    this.last = last;
  }

  /** Makes a check point, unless nothing has happened since the last one. A failed one does no harm; the next one does its work too. */
  async make(): Promise<CheckPoint> {
    const { position, lastCommitted: lastTransaction } = this.committer;
    if (lastTransaction === this.last.lastTransaction) return this.last;
    const started = performance.now();
    try {
      await this.committer.whenDurable();
      const { storeIsExact } = this;
      this.storeIsExact = false;
      const { records, derived } = await checkPointStore(this.directory, {
        start: this.last.position,
        end: position,
        storeIsExact,
        budgetBytes: this.settings.budgetBytes,
        scratch: this.scratch,
        indexes: { presentGenericVersion: true, except: this.leftToServer },
      });
      this.records.filesReach(lastTransaction);
      this.storeIsExact = true;
      this.last = { lastTransaction, position };
      await this.committer.writeCheckPoint(position);
      this.noteLeftToServer(derived);
      const durationMs = Math.round(performance.now() - started);
      this.settings.onEvent({ kind: 'check-point', lastTransaction, position, records, durationMs });
      await this.prune(position);
      return this.last;
    } catch (error) {
      this.settings.onEvent({ kind: 'check-point-failed', error });
      throw error;
    }
  }

  /** Reports each index once. */
  noteLeftToServer({ leftToServer }: IndexesReport): void {
    for (const { rule, ...left } of leftToServer) {
      if (this.leftToServer.has(rule)) continue;
      this.leftToServer.add(rule);
      this.settings.onEvent({ kind: 'index-left-to-server', ...left });
    }
  }

  /** Keeps log files from this version on from being pruned until the returned function is called. It may be called again. */
  keepLog(version: number): () => void {
    const wish = { version };
    this.kept.add(wish);
    return () => void this.kept.delete(wish);
  }

  /** Lowest file first, each durably before the next, so that neither a kill nor a power failure leaves a gap. */
  private async prune(checkPoint: LogPosition): Promise<void> {
    const versions: number[] = [];
    for (const version of this.planPruning(checkPoint)) {
      // A new keeper may have appeared meanwhile.
      if (version >= this.lowestKept) break;
      rmSync(join(this.directory, logFileName(version)));
      versions.push(version);
      await syncDirectory(this.directory);
    }
    if (versions.length > 0) this.settings.onEvent({ kind: 'pruned', versions });
  }

  private planPruning(checkPoint: LogPosition): number[] {
    const files = new LogFileSet(this.directory);
    try {
      const request = {
        policy: this.settings.retention,
        checkPointVersion: checkPoint.version,
        lastCommitted: this.committer.lastDurable,
        nowMs: Date.now(),
      };
      return planPruning(request, files.lowest ?? 0, (version) => readPrunableFile(files, version));
    } finally {
      files.close();
    }
  }

  private get lowestKept(): number {
    return Math.min(...Array.from(this.kept, ({ version }) => version));
  }
}
