/*
 * Every command and option of both fronts. Parsing, usage texts, completion and docs/reference.md are made from these rows; no option
 * exists outside of them. The texts of `neo4j-admin` are those of the Java tool, byte for byte.
 */

export interface OptionRow {
  /** Without dashes. */
  name: string;
  /** Stands for the value: `--name=<example>`. Flags have `true|false`. */
  example: string;
  kind: 'value' | 'flag';
  /** No default: must be given. */
  mandatory?: boolean;
  /** As shown in the usage. Empty: none. */
  default: string;
  description: string;
  /** Written without any value: `default` is as if not given, else the text of the error (`Missing argument '<name>'` if absent). */
  whenBare?: 'default' | string;
}

export interface CommandRow {
  name: string;
  section: string;
  /** One line of the general usage. */
  summary: string;
  /** Line breaks are kept. */
  description: string;
  options: readonly OptionRow[];
  /** Arguments without a name, as shown in the usage. */
  positionals: readonly string[];
  /** How a bad or missing value ends: with the usage, or as an unexpected error (the Java tool differs from command to command). */
  badValue: 'usage' | 'unexpected';
}

const flag = (name: string, standard: boolean, description: string): OptionRow => ({
  name,
  example: 'true|false',
  kind: 'flag',
  default: String(standard),
  description,
});
const value = (name: string, example: string, standard: string, description: string): OptionRow => ({
  name,
  example,
  kind: 'value',
  default: standard,
  description,
});
const mandatory = (name: string, example: string, description: string): OptionRow => ({
  name,
  example,
  kind: 'value',
  mandatory: true,
  default: '',
  description,
});

const database = value('database', 'name', 'graph.db', 'Name of database.');
const force = flag('force', false, 'If an existing database should be replaced.');
const additionalConfig: OptionRow = {
  ...value(
    'additional-config',
    'config-file-path',
    '',
    'Configuration file to supply additional configuration in. This argument is DEPRECATED.',
  ),
  whenBare: 'default',
};

export const backup: CommandRow = {
  name: 'backup',
  section: 'Online backup',
  summary: 'Perform an online backup from a running Neo4j enterprise server.',
  description:
    "Perform an online backup from a running Neo4j enterprise server. Neo4j's backup service must have been configured on the server beforehand.\n" +
    '\n' +
    "All consistency checks except 'cc-graph' can be quite expensive so it may be useful to turn them off for very large databases. " +
    "Increasing the heap size can also be a good idea. See 'neo4j-admin help' for details.\n" +
    '\n' +
    'For more information see:\n' +
    'https://neo4j.com/docs/operations-manual/current/backup/',
  positionals: [],
  badValue: 'usage',
  options: [
    mandatory('backup-dir', 'backup-path', 'Directory to place backup in.'),
    mandatory(
      'name',
      'graph.db-backup',
      'Name of backup. If a backup with this name already exists an incremental backup will be attempted.',
    ),
    value('from', 'address', 'localhost:6362', 'Host and port of Neo4j.'),
    value('protocol', 'any|catchup|common', 'any', 'Preferred backup protocol'),
    flag(
      'fallback-to-full',
      true,
      'If an incremental backup fails backup will move the old backup to <name>.err.<N> and fallback to a full backup instead.',
    ),
    value('timeout', 'timeout', '20m', 'Timeout in the form <time>[ms|s|m|h], where the default unit is seconds.'),
    {
      ...value('pagecache', '8m', '8m', 'The size of the page cache to use for the backup process.'),
      whenBare: 'default',
    },
    flag('check-consistency', true, 'If a consistency check should be made.'),
    {
      ...value('cc-report-dir', 'directory', '.', 'Directory where consistency report will be written.'),
      whenBare: 'cc-report-dir must be a path',
    },
    additionalConfig,
    flag('cc-graph', true, 'Perform consistency checks between nodes, relationships, properties, types and tokens.'),
    flag('cc-indexes', true, 'Perform consistency checks on indexes.'),
    flag('cc-label-scan-store', true, 'Perform consistency checks on the label scan store.'),
    flag(
      'cc-property-owners',
      false,
      'Perform additional consistency checks on property ownership. This check is *very* expensive in time and memory.',
    ),
  ],
};

export const restore: CommandRow = {
  name: 'restore',
  section: 'Online backup',
  summary: 'Restore a backed up database.',
  description: 'Restore a backed up database.',
  positionals: [],
  badValue: 'usage',
  options: [mandatory('from', 'backup-directory', 'Path to backup to restore from.'), database, force],
};

export const checkConsistency: CommandRow = {
  name: 'check-consistency',
  section: 'General',
  summary: 'Check the consistency of a database.',
  description:
    'This command allows for checking the consistency of a database or a backup thereof. It cannot be used with a database which is currently in use.\n' +
    '\n' +
    "All checks except 'check-graph' can be quite expensive so it may be useful to turn them off for very large databases. " +
    "Increasing the heap size can also be a good idea. See 'neo4j-admin help' for details.",
  positionals: [],
  badValue: 'usage',
  options: [
    database,
    value(
      'backup',
      '/path/to/backup',
      '',
      'Path to backup to check consistency of. Cannot be used together with --database.',
    ),
    flag('verbose', false, 'Enable verbose output.'),
    {
      ...value('report-dir', 'directory', '.', 'Directory to write report file in.'),
      whenBare: 'report-dir must be a valid path',
    },
    additionalConfig,
    flag('check-graph', true, 'Perform checks between nodes, relationships, properties, types and tokens.'),
    flag('check-indexes', true, 'Perform checks on indexes.'),
    flag('check-label-scan-store', true, 'Perform checks on the label scan store.'),
    flag(
      'check-property-owners',
      false,
      'Perform additional checks on property ownership. This check is *very* expensive in time and memory.',
    ),
  ],
};

const dump: CommandRow = {
  name: 'dump',
  section: 'Offline backup',
  summary: 'Dump a database into a single-file archive.',
  description:
    'Dump a database into a single-file archive. The archive can be used by the load command. <destination-path> can be a file or ' +
    'directory (in which case a file called <database>.dump will be created). It is not possible to dump a database that is mounted ' +
    'in a running Neo4j server.',
  positionals: [],
  badValue: 'unexpected',
  options: [database, mandatory('to', 'destination-path', 'Destination (file or folder) of database dump.')],
};

const load: CommandRow = {
  name: 'load',
  section: 'Offline backup',
  summary: 'Load a database from an archive created with the dump command.',
  description:
    'Load a database from an archive. <archive-path> must be an archive created with the dump command. <database> is the name of the ' +
    'database to create. Existing databases can be replaced by specifying --force. It is not possible to replace a database that is ' +
    'mounted in a running Neo4j server.',
  positionals: [],
  badValue: 'unexpected',
  options: [mandatory('from', 'archive-path', 'Path to archive created with the dump command.'), database, force],
};

const unbind: CommandRow = {
  name: 'unbind',
  section: 'Clustering',
  summary: 'Removes cluster state data for the specified database.',
  description:
    'Removes cluster state data for the specified database, so that the instance can rebind to a new or recovered cluster.',
  positionals: [],
  badValue: 'usage',
  options: [database],
};

export const help: CommandRow = {
  name: 'help',
  section: 'General',
  summary: 'This help text, or help for the command specified in <command>.',
  description: 'This help text, or help for the command specified in <command>.',
  positionals: ['[<command>]'],
  badValue: 'usage',
  options: [],
};

/** A command that the Java tool has and graphkeep has not: it is only named. */
export interface ForeignCommandRow {
  name: string;
  section: string;
  summary: string;
}

export const foreignCommands: readonly ForeignCommandRow[] = [
  { name: 'import', section: 'General', summary: 'Import from a collection of CSV files or a pre-3.0 database.' },
  { name: 'memrec', section: 'General', summary: 'Print Neo4j heap and pagecache memory settings recommendations.' },
  {
    name: 'report',
    section: 'General',
    summary: 'Produces a zip/tar of the most common information needed for remote assessments.',
  },
  { name: 'store-info', section: 'General', summary: 'Prints information about a Neo4j database store.' },
  {
    name: 'set-default-admin',
    section: 'Authentication',
    summary: 'Sets the default admin user when no roles are present.',
  },
  {
    name: 'set-initial-password',
    section: 'Authentication',
    summary: "Sets the initial password of the initial admin user ('neo4j').",
  },
];

/** The commands of `neo4j-admin` that graphkeep has. */
export const adminCommands: readonly CommandRow[] = [backup, restore, checkConsistency, dump, load, unbind, help];

/** The names as `help <unknown>` lists them; the Java tool has no order there, this is the one it was seen with. */
export const namesInHelpError: readonly string[] = [
  'unbind',
  'restore',
  'memrec',
  'import',
  'dump',
  'store-info',
  'check-consistency',
  'load',
  'report',
  'backup',
  'set-default-admin',
  'set-initial-password',
];

/** Variables that both fronts read, with the lines of the Java tool, and our own text where that is about the JVM. */
export const environmentVariables: readonly { name: string; description: readonly string[]; native?: string }[] = [
  { name: 'NEO4J_CONF', description: ['Path to directory which contains neo4j.conf.'] },
  { name: 'NEO4J_DEBUG', description: ['Set to anything to enable debug output.'] },
  { name: 'NEO4J_HOME', description: ['Neo4j home directory.'] },
  {
    name: 'HEAP_SIZE',
    description: [
      'Set JVM maximum heap size during command execution.',
      'Takes a number and a unit, for example 512m.',
    ],
    native: 'Memory for work beside the page cache. Takes a number and a unit, for example 512m. (default: 120m)',
  },
];

/** Options that only `graphkeep` has. */
const json = flag('json', false, 'Print one JSON object per line instead of text.');
const verbose = flag('verbose', false, 'Print details while working, and the stack of an error.');

/** A command of `graphkeep`. Flags are `--name`, `--no-name` or `--name=true|false`. */
export interface NativeCommandRow {
  name: string;
  summary: string;
  options: readonly OptionRow[];
  /** Arguments without a name: `<mandatory>` or `[optional]`. */
  positionals: readonly { name: string; description: string }[];
}

export const nativeCommands: readonly NativeCommandRow[] = [
  {
    name: 'backup',
    summary: 'Back up a running Neo4j Enterprise server: full the first time, incremental after that.',
    options: [...backup.options, json, verbose],
    positionals: [],
  },
  {
    name: 'restore',
    summary: 'Put a backup in the place of a database.',
    options: [
      ...restore.options,
      flag(
        'check',
        false,
        'Check the consistency of the restored files before they replace anything. Without it only headers, lengths and logs are looked at.',
      ),
      json,
      verbose,
    ],
    positionals: [],
  },
  {
    name: 'dump',
    summary: 'Dump a database that no server uses into a single file.',
    options: [
      ...dump.options,
      value(
        'compression',
        'gzip|zstd',
        'gzip',
        'How the archive is compressed. Every 3.4 and 3.5 can load gzip; zstd is what 3.5.34 writes, smaller and faster.',
      ),
      json,
      verbose,
    ],
    positionals: [],
  },
  {
    name: 'load',
    summary: 'Load a database from a file that dump has made.',
    options: [...load.options, json, verbose],
    positionals: [],
  },
  {
    name: 'serve',
    summary:
      'Serve a database that no server uses, or a backup, to backup clients until interrupted; over the common and the catchup protocol.',
    options: [
      mandatory('database', 'directory', 'Directory of the database or backup: the one that holds the file neostore.'),
      value(
        'listen',
        'host:port[-port]',
        '',
        'Where to listen; the first free port of a range is used. Default: dbms.backup.address.',
      ),
      additionalConfig,
      json,
      verbose,
    ],
    positionals: [],
  },
  {
    name: 'check',
    summary:
      'Check whether a backup or database is consistent; only reads. Exit codes: 0 yes, 3 no, 2 it could not be checked.',
    options: [
      value('report-dir', 'directory', '.', 'Directory for the report, which is made if there is something to report.'),
      flag('graph', true, 'Check records, tokens and counts, and that indexes hold what the records say.'),
      flag('indexes', true, 'Check the schema indexes.'),
      flag('label-scan-store', true, 'Check the label scan store.'),
      flag('property-owners', true, 'Check that no property belongs to two nodes or relationships.'),
      json,
      verbose,
    ],
    positionals: [{ name: '<directory>', description: 'A backup, or a database that no server uses.' }],
  },
  {
    name: 'inspect',
    summary: 'Show what a backup or database is: format, last transaction, state of its log, schema, counts.',
    options: [json, verbose],
    positionals: [{ name: '<directory>', description: 'A backup, or a database that no server uses.' }],
  },
  {
    name: 'recover',
    summary:
      'Recover a database or backup that was not closed cleanly, in its place. Exit code 2: something is left to the server.',
    options: [json, verbose],
    positionals: [{ name: '<directory>', description: 'A backup, or a database that no server uses.' }],
  },
  {
    name: 'demo',
    summary: 'Show everything at once: back up a live database over the network, restore it, compare value by value.',
    options: [flag('keep', false, 'Leave the directories when it ends, and print where they are.'), json, verbose],
    positionals: [],
  },
  {
    name: 'completion',
    summary: 'Print the completion script of a shell.',
    options: [],
    positionals: [{ name: '<shell>', description: 'bash, zsh or fish.' }],
  },
];
