import { tmpdir } from 'node:os';
import { findServerConfig, type GivenConfig, locateDatabase } from '../config/database-location.ts';
import type { ClientConfig } from '../config/neo4j-conf.ts';
import { settings } from '../config/settings.ts';
import type { ServedPlace } from './database/served-database.ts';
import { serveStore } from './database/stopped-store.ts';
import { LiveFilesPlace } from './live-files/live-files-place.ts';

/** Something to serve, open. */
export interface OpenServed {
  place: ServedPlace;
  /** For messages: what is served. */
  description: string;
  /** Why nothing can be served yet; requests are refused until that has changed. */
  trouble?: unknown;
  /** Call it when nobody is served any more. */
  close(): Promise<void>;
}

/** A closed database or a backup. Errors as for {@link serveStore}. */
export async function openStopped(directory: string, config: ClientConfig): Promise<OpenServed> {
  const store = await serveStore(directory, { logDirectory: config.logDirectoryOf(directory) });
  return { place: store, description: store.description, close: () => store.close() };
}

/**
 * The database of a server that may be running: `path` is its home, its data directory or the database. There need not be one yet.
 * @throws GraphkeepError `file.io` if no private copies can be made in `graphkeep.serve.spool_directory`
 */
export async function openLive(path: string, given: GivenConfig): Promise<OpenServed> {
  const config = await findServerConfig(path, given);
  const place = await LiveFilesPlace.open({
    locate: () => locateDatabase(path, given),
    spoolDirectory: config.directory(settings.serveSpoolDirectory) ?? tmpdir(),
  });
  try {
    const { description } = await place.current(new AbortController().signal);
    return { place, description, close: () => place.close() };
  } catch (trouble) {
    return { place, description: path, trouble, close: () => place.close() };
  }
}
