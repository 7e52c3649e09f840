import { GraphkeepError, hasCode } from '../../base/errors.ts';
import { type DatabasePlace, LiveDatabase } from '../../source/live-files/live-database.ts';
import type { ServedDatabase, ServedPlace } from '../database/served-database.ts';
import { LiveFilesDatabase } from './live-files-database.ts';
import { Spool } from './spool.ts';

export interface LiveFilesPlaceOptions {
  /** Finds the database: another one may be there by the next request, or none. */
  locate: () => Promise<DatabasePlace>;
  /** An existing or new directory for private copies, not one of the server. */
  spoolDirectory: string;
}

/**
 * The directories of a server that may run or not. Its database is read while the server works, as by `source/live-files`; the server is
 * not asked, and nothing of its own is created, changed, locked or removed. Which database it is, is looked at for each request: it may be
 * stopped, restored, upgraded or replaced at any time.
 */
export class LiveFilesPlace implements ServedPlace {
  private readonly locate: () => Promise<DatabasePlace>;
  private readonly spool: Spool;
  private known: LiveFilesDatabase | undefined;
  private finding: Promise<void> = Promise.resolve();

  private constructor(locate: () => Promise<DatabasePlace>, spool: Spool) {
    this.locate = locate;
    this.spool = spool;
  }

  /** @throws GraphkeepError `file.io` if no private copies can be made */
  static async open({ locate, spoolDirectory }: LiveFilesPlaceOptions): Promise<LiveFilesPlace> {
    return new LiveFilesPlace(locate, await Spool.open(spoolDirectory));
  }

  async current(signal: AbortSignal): Promise<ServedDatabase> {
    try {
      return await (await this.findDatabase()).look(signal);
    } catch (error) {
      if (hasCode(error, 'cancelled')) throw error;
      throw unavailable(error);
    }
  }

  /** Call it when nobody is served any more. */
  close(): Promise<void> {
    return this.spool.close();
  }

  /** One after the other, so that requests at the same time find the same one: what it keeps for one client, another may need. */
  private findDatabase(): Promise<LiveFilesDatabase> {
    const finding = this.finding.then(() => this.findNow());
    this.finding = finding.then(
      () => {},
      // Told to whoever asked.
      () => {},
    );
    return finding;
  }

  private async findNow(): Promise<LiveFilesDatabase> {
    const place = await this.locate();
    const { known } = this;
    if (known !== undefined && isAt(known, place)) return known;
    const found = new LiveFilesDatabase(place, await LiveDatabase.open(place), this.spool);
    this.known = found;
    return found;
  }
}

function isAt({ place, database }: LiveFilesDatabase, { directory, logDirectory }: DatabasePlace): boolean {
  if (place.directory !== directory || place.logDirectory !== logDirectory) return false;
  try {
    return database.isSame();
  } catch {
    // A part of it is gone: whoever looks for the new one says what.
    return false;
  }
}

function unavailable(cause: unknown): GraphkeepError {
  const { place, hint } = cause instanceof GraphkeepError ? cause : {};
  return new GraphkeepError('serve.unavailable', 'there is no database that can be served now', {
    observed: cause instanceof Error ? cause.message : String(cause),
    cause,
    ...(place === undefined ? {} : { place }),
    ...(hint === undefined ? {} : { hint }),
  });
}
