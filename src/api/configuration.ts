import { resolve } from 'node:path';
import { throwIfCancelled } from '../base/cancellation.ts';
import { ClientConfig, loadClientConfig } from '../config/neo4j-conf.ts';

/** Memory of an operation that is given none. */
export const DEFAULT_MEMORY_BYTES = 128 * 1024 * 1024;

/** Settings of neo4j.conf, by default none of any file. The environment (`NEO4J_HOME`, `NEO4J_CONF`) is never read. */
export interface Configuration {
  /** Base of relative paths in settings: `NEO4J_HOME` of a server. Default: the working directory. */
  home?: string;
  /** Directory with a `neo4j.conf` to read. A missing file has no settings. Default: no file is read. */
  confDirectory?: string;
  /** Settings by name, on top of those of the file. */
  settings?: Readonly<Record<string, string>>;
}

/** What every operation takes. */
export interface Cancellable {
  /** Aborts the operation, which then rejects with the code `cancelled` when it has cleaned up. */
  signal?: AbortSignal;
}

/** @throws GraphkeepError `config`, `config.unreadable` */
export async function loadConfiguration(configuration: Configuration = {}): Promise<ClientConfig> {
  const { home, confDirectory, settings = {} } = configuration;
  const cwd = process.cwd();
  const base =
    confDirectory === undefined
      ? new ClientConfig(resolve(cwd, home ?? ''))
      : await loadClientConfig({ cwd, home, confDirectory });
  return base.with(Object.entries(settings));
}

/** The signal of an operation, or one that never aborts. */
export function signalOf({ signal }: Cancellable): AbortSignal {
  throwIfCancelled(signal);
  return signal ?? new AbortController().signal;
}

export function ignore(): void {}
