import { resolve } from 'node:path';
import { parseAddress } from '../config/addresses.ts';
import { EmbeddedDatabase as LiveDatabase } from '../embedded/embedded-database.ts';
import { formatAddress } from '../net/server-address.ts';
import { BackupListener } from '../serve/backup-listener.ts';
import type { ListenerEvent } from '../serve/conversation/listener-events.ts';
import { serveEmbedded } from '../serve/database/live-store.ts';
import { serveStore } from '../serve/database/stopped-store.ts';
import { configureListener } from '../serve/listener-configuration.ts';
import { type Cancellable, type Configuration, ignore, loadConfiguration, signalOf } from './configuration.ts';
import type { EmbeddedDatabase } from './embedded.ts';

export type { ListenerEvent } from '../serve/conversation/listener-events.ts';

/** What to serve, and where. */
export interface ServeOptions extends Cancellable {
  /** Directory of a backup or of a database that no server uses, or an embedded database, which stays open and goes on. */
  database: string | EmbeddedDatabase;
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
  const config = await loadConfiguration(options.config);
  const configured = await configureListener(config, typeof listen === 'string' ? parseAddress(listen) : listen);
  const { served, close } = await openServed(options.database, (directory) => config.logDirectoryOf(directory));
  let listener: BackupListener;
  try {
    listener = await BackupListener.start(served, { ...configured, onEvent: options.onEvent ?? ignore });
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

async function openServed(database: string | EmbeddedDatabase, logDirectoryOf: (directory: string) => string) {
  if (database instanceof LiveDatabase) return { served: serveEmbedded(database), close: async () => {} };
  const directory = resolve(String(database));
  const store = await serveStore(directory, { logDirectory: logDirectoryOf(directory) });
  return { served: store, close: () => store.close() };
}
