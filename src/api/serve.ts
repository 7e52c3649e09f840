import { resolve } from 'node:path';
import { GraphkeepError } from '../base/errors.ts';
import { parseAddress } from '../config/addresses.ts';
import { findServerConfig } from '../config/database-location.ts';
import type { ClientConfig } from '../config/neo4j-conf.ts';
import { EmbeddedDatabase as LiveDatabase } from '../embedded/embedded-database.ts';
import { formatAddress } from '../net/server-address.ts';
import { BackupListener } from '../serve/backup-listener.ts';
import type { ListenerEvent } from '../serve/conversation/listener-events.ts';
import { serveEmbedded } from '../serve/database/live-store.ts';
import { configureListener } from '../serve/listener-configuration.ts';
import { type OpenServed, openLive, openStopped } from '../serve/open-served.ts';
import { type Cancellable, type Configuration, ignore, loadConfiguration, signalOf } from './configuration.ts';
import type { EmbeddedDatabase } from './embedded.ts';

export type { ListenerEvent } from '../serve/conversation/listener-events.ts';

/** What to serve, and where. */
export interface ServeOptions extends Cancellable {
  /**
   * Directory of a backup or of a database that no server uses, or an embedded database, which stays open and goes on. Either this or
   * {@link live}.
   */
  database?: string | EmbeddedDatabase;
  /**
   * The database of a server that may be running: the home of the server, its data directory, or the directory of the database. It need not
   * exist yet. Its neo4j.conf is found near that path, unless `config` is given.
   */
  live?: string;
  /**
   * Where to listen: `host:port` or `host:port-port`, whose first free port is used. As an object, port 0 is any free one. Default:
   * `dbms.backup.address`, which is 127.0.0.1:6362-6372.
   */
  listen?: string | { host?: string; port: number };
  /** `graphkeep.serve.*` are the limits, `dbms.backup.ssl_policy` asks for TLS. Without TLS who can connect can read everything. */
  config?: Configuration;
  /** Called with what clients do, in order. It must not throw. */
  onEvent?: (event: ListenerEvent) => void;
}

/** A listener that runs. */
export interface BackupServer {
  readonly host: string;
  readonly port: number;
  /** `host:port`, for `from` of a backup. */
  readonly address: string;
  /** Clients that are connected now. */
  readonly clients: number;
  /**
   * Accepts nobody any more, lets backups under way finish for as long as `graphkeep.serve.stop_grace` says, and gives the database back.
   * Harmless when called again.
   */
  stop(): Promise<void>;
}

/**
 * Serves a database to backup clients, ours and the Java one, until {@link BackupServer.stop}, or until the signal aborts.
 *
 * @throws GraphkeepError `usage`, `config`, `serve.address`; for a directory also `directory.in-use`, `store.needs-recovery`,
 *   `store.missing-file`, `store.format`
 */
export async function serve(options: ServeOptions): Promise<BackupServer> {
  const signal = signalOf(options);
  const { listen = {} } = options;
  const { config, open } = await findServed(options);
  const configured = await configureListener(config, typeof listen === 'string' ? parseAddress(listen) : listen);
  const { place, close } = await open();
  let listener: BackupListener;
  try {
    listener = await BackupListener.start(place, { ...configured, onEvent: options.onEvent ?? ignore });
  } catch (error) {
    await close();
    throw error;
  }
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    signal.removeEventListener('abort', stop);
    stopping ??= listener.stop().finally(close);
    return stopping;
  };
  signal.addEventListener('abort', stop);
  if (signal.aborted) void stop();
  return {
    ...listener.address,
    address: formatAddress(listener.address),
    get clients() {
      return listener.clients;
    },
    stop,
  };
}

type Opening = () => Promise<Pick<OpenServed, 'place' | 'close'>>;

async function findServed({ database, live, config: configuration }: ServeOptions): Promise<{
  config: ClientConfig;
  open: Opening;
}> {
  const config = await loadConfiguration(configuration);
  if ((database === undefined) === (live === undefined)) {
    throw new GraphkeepError('usage', 'either database or live says what to serve');
  }
  if (live !== undefined) {
    const path = resolve(live);
    const given = { config, isNamed: configuration !== undefined };
    return { config: await findServerConfig(path, given), open: () => openLive(path, given) };
  }
  if (database instanceof LiveDatabase) {
    return { config, open: async () => ({ place: serveEmbedded(database), close: async () => {} }) };
  }
  return { config, open: () => openStopped(resolve(String(database)), config) };
}
