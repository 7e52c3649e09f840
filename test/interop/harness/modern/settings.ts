import type { ModernVersion } from './modern-version.ts';

/** What a test may want to have different in a server. */
export interface RestlessOptions {
  /** Size at which the log goes on in another file. Default `256k`; the server does not go below 128k (256k from 5.15 on). */
  readonly rotation?: string;
  /** How much log is kept, in the words of the server. Default `keep_all`. */
  readonly retention?: string;
  /** Time between check points. Default `2s`. */
  readonly checkPoints?: string;
  /** Default `8m`. */
  readonly pageCache?: string;
}

/** Names of settings up to 4.4, and their present names. */
const names = {
  http: ['dbms.connector.http.listen_address', 'server.http.listen_address'],
  https: ['dbms.connector.https.enabled', 'server.https.enabled'],
  bolt: ['dbms.connector.bolt.enabled', 'server.bolt.enabled'],
  pageCache: ['dbms.memory.pagecache.size', 'server.memory.pagecache.size'],
  checkPoints: ['dbms.checkpoint.interval.time', 'db.checkpoint.interval.time'],
  rotation: ['dbms.tx_log.rotation.size', 'db.tx_log.rotation.size'],
  lockTimeout: ['dbms.lock.acquisition.timeout', 'db.lock.acquisition.timeout'],
  retention: ['dbms.tx_log.rotation.retention_policy', 'db.tx_log.rotation.retention_policy'],
} as const;

function nameOf(version: ModernVersion, setting: keyof typeof names): string {
  return names[setting][version.hasPresentNames ? 1 : 0];
}

/** Settings of a server without authentication that only this machine reaches, by HTTP. */
export function plainSettings(version: ModernVersion, httpPort: number): Record<string, string> {
  return {
    'dbms.security.auth_enabled': 'false',
    [nameOf(version, 'http')]: `127.0.0.1:${httpPort}`,
    [nameOf(version, 'https')]: 'false',
    [nameOf(version, 'bolt')]: 'false',
    // 2026.08.1 can wait for ever: one transaction for the plan that another one makes, this one for a lock behind a change of indexes.
    [nameOf(version, 'lockTimeout')]: '5s',
    // Unknown to early releases of 5.
    ...(version.isFrom(5, 20) ? { 'dbms.usage_report.enabled': 'false' } : {}),
  };
}

/** Settings of a server that writes its pages early, checks points and rotates all the time: the worst for a copy. */
export function restlessSettings(version: ModernVersion, options: RestlessOptions = {}): Record<string, string> {
  return {
    [nameOf(version, 'pageCache')]: options.pageCache ?? '8m',
    [nameOf(version, 'checkPoints')]: options.checkPoints ?? '2s',
    [nameOf(version, 'rotation')]: options.rotation ?? '256k',
    [nameOf(version, 'retention')]: options.retention ?? 'keep_all',
  };
}
