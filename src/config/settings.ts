import { parseAddress } from './addresses.ts';
import { parseDurationMs } from './durations.ts';
import { parseRetentionPolicy } from './retention-policy.ts';
import { atLeast, listOf, oneOf, parseBoolean, parseInteger, parseText } from './setting-values.ts';
import { parseSizeBytes } from './sizes.ts';

/** A setting of neo4j.conf that graphkeep reads. */
export interface Setting<T> {
  readonly name: string;
  /** The default in the form used in the file; empty = not set. */
  readonly default: string;
  /** The form of the value, for the reference page. */
  readonly form: string;
  /** Throws `usage` with the reason if the value is bad. */
  readonly parse: (text: string) => T;
  /** What the setting means for backups, as on the reference page. */
  readonly meaning: string;
}

const duration = (text: string): number => parseDurationMs(text.trim());
const MEGABYTE = 1024 * 1024;

function setting<T>(
  name: string,
  standard: string,
  form: string,
  parse: (text: string) => T,
  meaning: string,
): Setting<T> {
  return { name, default: standard, form, parse, meaning };
}

/**
 * Every setting that matters to backups. A bad value stops a command before it does anything (spec backup-command 2.3). The reference page
 * is generated from this table.
 */
export const settings = {
  strictValidation: setting(
    'dbms.config.strict_validation',
    'false',
    'boolean',
    parseBoolean,
    'An unknown setting is an error.',
  ),

  backupEnabled: setting(
    'dbms.backup.enabled',
    'true',
    'boolean',
    parseBoolean,
    'The server listens for backup clients.',
  ),
  backupAddress: setting(
    'dbms.backup.address',
    '127.0.0.1:6362-6372',
    'host:port[-port]',
    parseAddress,
    'Where the server listens. Completes a --from without host or port (first port of the range).',
  ),
  backupSslPolicy: setting(
    'dbms.backup.ssl_policy',
    '',
    'text',
    parseText,
    'Name of the dbms.ssl.policy group for backups of a causal cluster. `graphkeep serve` then serves nobody without TLS.',
  ),

  backupMaxTimeMs: setting(
    'graphkeep.backup.max_time',
    '168h',
    'duration',
    duration,
    'Longest time for receiving and applying one backup, whatever comes from the server; 0 = no limit.',
  ),
  serveMaxConnections: setting(
    'graphkeep.serve.max_connections',
    '48',
    'integer, at least 1',
    atLeast(1, parseInteger),
    'Clients of `graphkeep serve` at the same time; one that makes a backup needs up to 9 MB of memory.',
  ),
  serveMaxPerPeer: setting(
    'graphkeep.serve.max_connections_per_peer',
    '32',
    'integer, at least 1',
    atLeast(1, parseInteger),
    'How many of these may come from one address, so that one machine cannot keep all others out.',
  ),
  serveRequestTimeoutMs: setting(
    'graphkeep.serve.request_timeout',
    '30s',
    'duration',
    duration,
    'A client that has not sent its request in this time is disconnected; 0 = never.',
  ),
  serveIdleTimeoutMs: setting(
    'graphkeep.serve.idle_timeout',
    '5m',
    'duration',
    duration,
    'A client that asks for nothing more after an answer is disconnected; 0 = never. So long the log stays for a catchup client whose connection broke.',
  ),
  serveStallTimeoutMs: setting(
    'graphkeep.serve.stall_timeout',
    '2m',
    'duration',
    duration,
    'A client that takes nothing of its backup for this time is cut off; 0 = never.',
  ),
  serveMaxHoldMs: setting(
    'graphkeep.serve.max_hold',
    '4h',
    'duration',
    duration,
    'A full backup that keeps a running database from its check points for this time is cut off; one over catchup goes on with the files as they change, and only the log stays for it. 0 = never.',
  ),
  serveStopGraceMs: setting(
    'graphkeep.serve.stop_grace',
    '30s',
    'duration',
    duration,
    'Backups under way may take this time to finish when `graphkeep serve` is stopped.',
  ),
  serveSpoolDirectory: setting(
    'graphkeep.serve.spool_directory',
    '',
    'directory',
    (text) => text,
    'Where `graphkeep serve --live` copies indexes to before it sends them. Not set: the directory for temporary files of the system.',
  ),

  dataDirectory: setting(
    'dbms.directories.data',
    'data',
    'path',
    parseText,
    'Databases are in its directory `databases`. Relative to NEO4J_HOME.',
  ),
  transactionLogDirectory: setting(
    'dbms.directories.tx_log',
    '',
    'path',
    parseText,
    'Directory of the transaction logs; the database directory if not set.',
  ),
  logsDirectory: setting('dbms.directories.logs', 'logs', 'path', parseText, 'Directory of the log files of a server.'),
  activeDatabase: setting('dbms.active_database', 'graph.db', 'name', parseText, 'The database that the server opens.'),
  mode: setting(
    'dbms.mode',
    'SINGLE',
    'word',
    oneOf('SINGLE', 'HA', 'ARBITER', 'CORE', 'READ_REPLICA'),
    'Kind of server.',
  ),
  readOnly: setting('dbms.read_only', 'false', 'boolean', parseBoolean, 'The database takes no writes.'),
  allowUpgrade: setting(
    'dbms.allow_upgrade',
    'false',
    'boolean',
    parseBoolean,
    'The server may upgrade the store at its start.',
  ),
  recordFormat: setting(
    'dbms.record_format',
    '',
    'text',
    parseText,
    'Record format of new stores. A backup keeps the format of its server.',
  ),

  retentionPolicy: setting(
    'dbms.tx_log.rotation.retention_policy',
    '7 days',
    'true, false or <number>[k|M|G] <files|size|txs|entries|hours|days>',
    parseRetentionPolicy,
    'How much transaction log survives pruning, hence how late an incremental backup may come.',
  ),
  rotationSizeBytes: setting(
    'dbms.tx_log.rotation.size',
    '250M',
    'size, at least 1M',
    atLeast(MEGABYTE, parseSizeBytes),
    'A transaction log file is closed at this size.',
  ),
  checkPointPolicy: setting(
    'dbms.checkpoint',
    'periodic',
    'text',
    parseText,
    'When the server makes check points: periodic, continuous or volumetric.',
  ),
  checkPointIntervalMs: setting(
    'dbms.checkpoint.interval.time',
    '15m',
    'duration',
    duration,
    'Longest time between check points.',
  ),
  checkPointIntervalTransactions: setting(
    'dbms.checkpoint.interval.tx',
    '100000',
    'integer, at least 1',
    atLeast(1, parseInteger),
    'Most transactions between check points.',
  ),
  checkPointIopsLimit: setting(
    'dbms.checkpoint.iops.limit',
    '300',
    'integer',
    parseInteger,
    'Throttle of check points; -1 = none.',
  ),

  handshakeTimeoutMs: setting(
    'causal_clustering.handshake_timeout',
    '20s',
    'duration',
    duration,
    'Longest time from the connection to the end of the handshake of the catchup protocol.',
  ),
  inactivityTimeoutMs: setting(
    'causal_clustering.catch_up_client_inactivity_timeout',
    '10m',
    'duration',
    duration,
    'Longest silence of a causal cluster member while an answer is due, its check point included. The Java client of 3.4 waits 60 s.',
  ),
  storeCopyRetryTimeMs: setting(
    'causal_clustering.store_copy_max_retry_time_per_request',
    '20m',
    'duration',
    duration,
    'How long one file is asked for again after its first failure; transactions at most 2 minutes.',
  ),
  storeCopyBackoffMs: setting(
    'causal_clustering.store_copy_backoff_max_wait',
    '5s',
    'duration',
    duration,
    'Longest pause between two attempts for a file.',
  ),
  catchupVersions: setting(
    'causal_clustering.protocol_implementations.catchup',
    '',
    'list of integers',
    listOf(parseInteger),
    'Versions of the catchup protocol that may be used; empty = all.',
  ),
  compressions: setting(
    'causal_clustering.protocol_implementations.compression',
    '',
    'list of names',
    listOf(parseText),
    'Compressions that may be used on the catchup protocol, best first; empty = none.',
  ),

  checkGraph: setting(
    'tools.consistency_checker.check_graph',
    'true',
    'boolean',
    parseBoolean,
    'Default of --cc-graph.',
  ),
  checkIndexes: setting(
    'tools.consistency_checker.check_indexes',
    'true',
    'boolean',
    parseBoolean,
    'Default of --cc-indexes.',
  ),
  checkLabelScanStore: setting(
    'tools.consistency_checker.check_label_scan_store',
    'true',
    'boolean',
    parseBoolean,
    'Default of --cc-label-scan-store.',
  ),
  checkPropertyOwners: setting(
    'tools.consistency_checker.check_property_owners',
    'false',
    'boolean',
    parseBoolean,
    'Default of --cc-property-owners.',
  ),

  debugLogLevel: setting(
    'dbms.logs.debug.level',
    'INFO',
    'word',
    oneOf('DEBUG', 'INFO', 'WARN', 'ERROR', 'NONE'),
    'Detail of the log of a server.',
  ),
  debugLogRotationSizeBytes: setting(
    'dbms.logs.debug.rotation.size',
    '20m',
    'size',
    parseSizeBytes,
    'Size of a log file of a server.',
  ),
  debugLogRotationKeep: setting(
    'dbms.logs.debug.rotation.keep_number',
    '7',
    'integer, at least 1',
    atLeast(1, parseInteger),
    'Number of old log files of a server.',
  ),
  debugLogRotationDelayMs: setting(
    'dbms.logs.debug.rotation.delay',
    '300s',
    'duration',
    duration,
    'Shortest time between two log files of a server.',
  ),
  authEnabled: setting(
    'dbms.security.auth_enabled',
    'true',
    'boolean',
    parseBoolean,
    'The server asks for a password (never for backups).',
  ),
} as const;
