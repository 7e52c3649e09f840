import type { ServerHome } from './server-home.ts';

/** Names of settings up to 4.4, and their present names. */
const NAMES = {
  http: ['dbms.connector.http.enabled', 'server.http.enabled'],
  httpAddress: ['dbms.connector.http.listen_address', 'server.http.listen_address'],
  https: ['dbms.connector.https.enabled', 'server.https.enabled'],
  bolt: ['dbms.connector.bolt.enabled', 'server.bolt.enabled'],
  backup: ['dbms.backup.enabled', 'server.backup.enabled'],
  pageCache: ['dbms.memory.pagecache.size', 'server.memory.pagecache.size'],
} as const;

/**
 * The neo4j.conf of a server that only this process talks to. All its directories are below its home, which is a scratch directory: neither
 * data nor plugins of the installation are used.
 */
export function scratchSettings(
  { release, isEnterprise }: Pick<ServerHome, 'release' | 'isEnterprise'>,
  httpPort: number,
): string {
  const nameOf = (setting: keyof typeof NAMES) => NAMES[setting][release.hasPresentNames ? 1 : 0];
  const settings = [
    ['dbms.security.auth_enabled', 'false'],
    [nameOf('http'), 'true'],
    [nameOf('httpAddress'), `127.0.0.1:${httpPort}`],
    [nameOf('https'), 'false'],
    [nameOf('bolt'), 'false'],
    [nameOf('pageCache'), '256m'],
    // A server takes no setting that it does not know.
    ...(isEnterprise ? [[nameOf('backup'), 'false']] : []),
    ...(release.isFrom(5, 20) ? [['dbms.usage_report.enabled', 'false']] : []),
    ...(release.hasPresentNames ? [] : [['dbms.allow_upgrade', 'true']]),
  ];
  return settings.map(([name, value]) => `${name}=${value}\n`).join('');
}
