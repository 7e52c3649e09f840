interface CheckRow {
  /** The part of the report. */
  group: 'settings' | 'source' | 'log' | 'target';
  /** What is as it should be, or what is told. */
  meaning: string;
  /** What is measured, with the unit in the name. */
  numbers: readonly string[];
}

const row = (group: CheckRow['group'], meaning: string, ...numbers: string[]): CheckRow => ({
  group,
  meaning,
  numbers,
});

/** What a doctor looks at, in the order of its report. */
export const doctorChecks = {
  configuration: row('settings', 'The configuration of this command can be read.'),
  'tls-policy': row('settings', 'The TLS policy of dbms.backup.ssl_policy can be used.'),
  memory: row('settings', 'The machine has the memory that a backup may use.', 'availableBytes', 'neededBytes'),
  'time-limit': row('settings', 'graphkeep.backup.max_time is long enough for --rate-limit.', 'limitMs', 'copyMs'),

  database: row('source', 'The database, its logs and its neo4j.conf were found.'),
  store: row('source', 'The store is complete, and of a release that can be backed up.', 'storeBytes'),
  server: row('source', 'Whether a server runs on the files, and how the database was closed.', 'transactionsToReplay'),
  'read-rights': row('source', 'This user may read every file that a copy reads.', 'files', 'unreadable'),
  trees: row(
    'source',
    'The largest tree of a database of 4.2 or later can be copied between two check points.',
    'trees',
    'bytes',
    'largestBytes',
    'copyMs',
    'freeBytes',
  ),
  'source-disk': row('source', 'The file system shows at once what the server writes.'),
  clock: row('source', 'No transaction and no file is of the future.', 'aheadMs'),
  protocol: row('source', 'A server answers, and in which protocol.'),

  'log-files': row(
    'log',
    'The log has no gap, and how far it reaches back.',
    'files',
    'logBytes',
    'firstTransaction',
    'lastTransaction',
  ),
  'open-files': row('log', 'This process may open all log files at the same time.', 'logFiles', 'limit'),
  'check-point': row(
    'log',
    'The log reaches back to its last check point, and how much a copy has to replay.',
    'bytesSince',
    'ageMs',
  ),
  'full-log': row('log', 'How much log a full backup of a database of 4.2 or later takes with it.', 'files', 'bytes'),
  'log-rate': row('log', 'How much is written to the log.', 'bytesPerHour', 'transactionsPerHour', 'overMs'),
  retention: row('log', 'How late an incremental backup may come.', 'reachesBackMs', 'longestPauseMs'),
  'log-settings': row(
    'log',
    'Settings of log and check points that make backups slow or impossible.',
    'rotationBytes',
    'checkPointIntervalMs',
  ),

  target: row('target', 'What is at the place of the backup.'),
  repository: row('target', 'The repository is there and can be read.', 'recipients'),
  'repository-rights': row('target', 'This user may write there, and the store refuses to overwrite objects.'),
  'target-rights': row('target', 'This user may write there.'),
  'target-in-use': row('target', 'No other run works on the target.'),
  leftovers: row('target', 'What killed runs and replaced backups have left.', 'backups', 'bytes'),
  'target-disk': row('target', 'The file system keeps what is written.'),
  'same-disk': row('target', 'Database and backup are on different disks.'),
  room: row('target', 'The disk has room for the next backup.', 'freeBytes', 'fullBytes', 'incrementalBytes'),
  inodes: row('target', 'The disk has room for more files.', 'free', 'total'),
  backup: row(
    'target',
    'The backup that is there: its last transaction, its age, its state.',
    'lastTransaction',
    'bytes',
    'ageMs',
  ),
  continuation: row('target', 'Whether the next backup can be incremental.', 'missingTransactions', 'leftMs'),
} as const;

export type DoctorCheck = keyof typeof doctorChecks;
