/*
 * Every command and option of both fronts. Parsing, usage texts, completion and docs/reference.md are made from these rows; there are no
 * other options. Names, examples of values, defaults and order of `neo4j-admin` are those of the Java tool, which scripts know; the
 * descriptions are our own, and the same for both fronts.
 */

export interface OptionRow {
  /** Without dashes. */
  name: string;
  /** Placeholder for the value: `--name=<example>`. Flags have `true|false`. */
  example: string;
  kind: 'value' | 'flag';
  /** No default: must be given. */
  mandatory?: boolean;
  /** The value may be left out: `--name` stands for its default. Only of the native front. */
  isBare?: true;
  /** As shown in the usage; empty = none. */
  default: string;
  description: string;
  /**
   * Effect of the option without any value: `default` = as if not given; otherwise the error text (`Missing argument '<name>'` if absent).
   */
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
  /** Unnamed arguments, as shown in the usage. */
  positionals: readonly string[];
  /** How a bad or missing value is reported: with the usage, or as an unexpected error (the Java tool differs from command to command). */
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

const database = value('database', 'name', 'graph.db', 'The database, by the name of its directory.');
const force = flag(
  'force',
  false,
  'Replace the database if it exists. Without this an existing one is left alone, and the command fails.',
);
const additionalConfig: OptionRow = {
  ...value(
    'additional-config',
    'config-file-path',
    '',
    'File with settings that override those of neo4j.conf. Deprecated: change neo4j.conf instead.',
  ),
  whenBare: 'default',
};

/** What a check looks at, in the same words for every command. */
const parts = {
  graph: 'Check records, tokens and counts, and that indexes hold what the records say.',
  indexes: 'Check the schema indexes.',
  labelScanStore: 'Check the label scan store, which finds nodes by label.',
  propertyOwners: 'Check that no property belongs to two nodes or relationships.',
};

export const backup: CommandRow = {
  name: 'backup',
  section: 'Online backup',
  summary: 'Back up a running Neo4j Enterprise server: full the first time, incremental after that.',
  description:
    'Copies the database of a running server into a directory that every server of its release opens as it is. The first backup is full. ' +
    'After that, the same command fetches only what was committed since.\n' +
    '\n' +
    'The server needs dbms.backup.enabled=true, and --from must name its dbms.backup.address.\n' +
    '\n' +
    'Every new backup is checked for damage. For a very large database, raise HEAP_SIZE, or leave the check to another machine with ' +
    '--check-consistency=false. Each part of the check has a --cc option; without it, tools.consistency_checker.* of neo4j.conf decides. ' +
    'Exit code 2: the backup is there but could not be checked. 3: it is there but damaged.',
  positionals: [],
  badValue: 'usage',
  options: [
    mandatory('backup-dir', 'backup-path', 'Directory that holds your backups. It must exist.'),
    mandatory(
      'name',
      'graph.db-backup',
      'Directory of this backup, below --backup-dir. Use the same name again for an incremental backup.',
    ),
    value(
      'from',
      'address',
      'localhost:6362',
      'Server to back up, as host:port; what is missing is taken from dbms.backup.address. Or file:PATH, for a server of any edition on this machine: its home, data directory or database.',
    ),
    value(
      'protocol',
      'any|catchup|common',
      'any',
      'common for single and HA servers, catchup for causal clusters, any to try both.',
    ),
    flag(
      'fallback-to-full',
      true,
      'Make a full backup if the old one cannot be continued. The old one is kept as NAME.err.N.',
    ),
    value(
      'timeout',
      'timeout',
      '20m',
      'Longest silence of the server before the backup gives up, as in 90s or 20m (ms, s, m, h). Only for the common protocol.',
    ),
    {
      ...value('pagecache', '8m', '8m', 'Memory for pages of the store. HEAP_SIZE is added to it.'),
      whenBare: 'default',
    },
    flag('check-consistency', true, 'Check the new backup for damage.'),
    {
      ...value('cc-report-dir', 'directory', '.', 'Where a check that finds damage writes its report. It must exist.'),
      whenBare: 'cc-report-dir must be a path',
    },
    additionalConfig,
    flag('cc-graph', true, parts.graph),
    flag('cc-indexes', true, parts.indexes),
    flag('cc-label-scan-store', true, parts.labelScanStore),
    flag('cc-property-owners', false, parts.propertyOwners),
  ],
};

export const restore: CommandRow = {
  name: 'restore',
  section: 'Online backup',
  summary: 'Put a backup in the place of a database.',
  description:
    'Copies a backup to where the server looks for its database; neo4j.conf says where that is. The backup itself stays. Stop the server ' +
    'first, and start it afterwards.\n' +
    '\n' +
    'Headers, lengths and logs of the copy are verified before it replaces anything.',
  positionals: [],
  badValue: 'usage',
  options: [
    mandatory('from', 'backup-directory', 'The backup: the directory with the file neostore.'),
    database,
    force,
  ],
};

export const checkConsistency: CommandRow = {
  name: 'check-consistency',
  section: 'General',
  summary: 'Find damage in a stopped database or a backup; only reads.',
  description:
    'Reads all of a database or backup and reports what contradicts itself: records, chains, counts, indexes. Nothing is changed. Stop the ' +
    'server first, or check a backup.\n' +
    '\n' +
    'Each part of the check has an option; without it, tools.consistency_checker.* of neo4j.conf decides. HEAP_SIZE gives the ' +
    'check of a large database more memory.',
  positionals: [],
  badValue: 'usage',
  options: [
    database,
    value(
      'backup',
      '/path/to/backup',
      '',
      'Check this backup instead of a database of the server. Not together with --database.',
    ),
    flag('verbose', false, 'Tell more while it works.'),
    {
      ...value('report-dir', 'directory', '.', 'Where the report goes, if there is something to report.'),
      whenBare: 'report-dir must be a valid path',
    },
    additionalConfig,
    flag('check-graph', true, parts.graph),
    flag('check-indexes', true, parts.indexes),
    flag('check-label-scan-store', true, parts.labelScanStore),
    flag('check-property-owners', false, parts.propertyOwners),
  ],
};

const dump: CommandRow = {
  name: 'dump',
  section: 'Offline backup',
  summary: 'Pack a database that no server uses into one file.',
  description:
    'Packs a database into one file, to move it or to keep it. The load command unpacks it, ours or that of Neo4j. Stop the server first.\n' +
    '\n' +
    'A file that exists is never overwritten.',
  positionals: [],
  badValue: 'unexpected',
  options: [
    database,
    mandatory(
      'to',
      'destination-path',
      'File to write. If it is a directory, the file in it is named after the database: graph.db.dump.',
    ),
  ],
};

const load: CommandRow = {
  name: 'load',
  section: 'Offline backup',
  summary: 'Make a database of a file that dump has written.',
  description:
    'Unpacks a dump to where the server looks for its database; neo4j.conf says where that is. Stop the server first.\n' +
    '\n' +
    'The whole file is unpacked and verified before an old database is touched.',
  positionals: [],
  badValue: 'unexpected',
  options: [mandatory('from', 'archive-path', 'The file that dump has written.'), database, force],
};

const unbind: CommandRow = {
  name: 'unbind',
  section: 'Clustering',
  summary: 'Let a stopped cluster member join anew, as after a restore.',
  description:
    'Removes what a member of a causal cluster remembers of its cluster. At its next start it joins as a new member. The database stays as ' +
    'it is. Stop the server first.',
  positionals: [],
  badValue: 'usage',
  options: [database],
};

export const help: CommandRow = {
  name: 'help',
  section: 'General',
  summary: 'List the commands, or explain one.',
  description: 'Lists the commands, or explains the one that is named.',
  positionals: ['[<command>]'],
  badValue: 'usage',
  options: [],
};

/** A command that the Java tool has and graphkeep does not; it is only named. */
export interface ForeignCommandRow {
  name: string;
  section: string;
  summary: string;
}

export const foreignCommands: readonly ForeignCommandRow[] = [
  { name: 'import', section: 'General', summary: 'Make a database of CSV files. (only in the tool of Neo4j)' },
  { name: 'memrec', section: 'General', summary: 'Propose memory settings. (only in the tool of Neo4j)' },
  { name: 'report', section: 'General', summary: 'Collect files for a support case. (only in the tool of Neo4j)' },
  { name: 'store-info', section: 'General', summary: 'Tell the format of a store. (here: graphkeep inspect)' },
  {
    name: 'set-default-admin',
    section: 'Authentication',
    summary: 'Choose the user who becomes administrator. (only in the tool of Neo4j)',
  },
  {
    name: 'set-initial-password',
    section: 'Authentication',
    summary: 'Choose the first password of the user neo4j. (only in the tool of Neo4j)',
  },
];

/** The `neo4j-admin` commands that graphkeep implements. */
export const adminCommands: readonly CommandRow[] = [backup, restore, checkConsistency, dump, load, unbind, help];

/** The names as `help <unknown>` lists them. The Java tool has no defined order there; this is the observed one. */
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

/** Variables that both fronts read, in the order of the usage. */
export const environmentVariables: readonly { name: string; description: string }[] = [
  { name: 'NEO4J_CONF', description: 'Where neo4j.conf is. Not set: the working directory.' },
  { name: 'NEO4J_DEBUG', description: 'If set: print details while working, and the stack of an error.' },
  { name: 'NEO4J_HOME', description: 'Base of relative paths in neo4j.conf. Not set: the working directory.' },
  { name: 'HEAP_SIZE', description: 'Memory for work beside the page cache, as in 512m. Not set: 120m.' },
];

/** Options that only `graphkeep` has. */
const json = flag('json', false, 'Print one JSON object per line instead of text.');
const verbose = flag('verbose', false, 'Print details while working, and the stack of an error.');
const quiet = flag('quiet', false, 'Print nothing but warnings and errors.');

const repo = (purpose: string): OptionRow =>
  value('repo', 'place', '', `${purpose} A folder, or s3://bucket/prefix?endpoint=https://...&region=...`);

/** Of the commands that need nothing else. */
const theRepository: OptionRow = { ...repo('The repository.'), mandatory: true };

const credentialsCommand = value(
  'credentials-command',
  'program',
  '',
  'With s3://: program, with its arguments, that prints credentials as credential_process of the AWS tools does. Not set: those of the environment, profile or machine.',
);

/** What opens the objects of a repository. `first`: how the description begins. */
const identity = (first: string): readonly OptionRow[] => [
  value('identity', 'file', '', `${first} of age-keygen with the identity that opens the backups.`),
  value(
    'passphrase-file',
    'file',
    '',
    'With --identity: file with the passphrase, if the identity file is encrypted by age -p.',
  ),
];

const rateLimit = value(
  'rate-limit',
  '50m',
  '',
  'With --from=file:PATH: bytes per second that are read of the store files at most, so that the server keeps its disk. Not set: no limit.',
);

const follow: OptionRow = {
  ...value(
    'follow',
    'interval',
    '',
    'Go on until interrupted: bring the backup up to date again and again, so that it is never further behind than the interval, as in 500ms, 10s or 1m. --follow alone: 1s from files, 10s from a server.',
  ),
  isBare: true,
};

/** Where backups of `backup` come from, and what is asked of the server. */
const source: readonly OptionRow[] = backup.options.slice(2, 4);

/** The native front accepts the place of a backup as one directory, or in two parts like the Java tool. */
const backupPlace: readonly OptionRow[] = [
  value(
    'to',
    'directory',
    '',
    'Directory of this backup; stands for --backup-dir and --name. Use the same one again for an incremental backup.',
  ),
  ...backup.options.slice(0, 2).map((row) => ({ ...row, mandatory: false })),
];

/** A command line that works, and its purpose. */
export interface Example {
  purpose: string;
  command: string;
}

/** What `graphkeep` adds to the restore of the Java tool: repositories. */
const repositoryRestore: readonly OptionRow[] = [
  repo('The repository to restore from, instead of --from.'),
  value(
    'until',
    'moment',
    'latest',
    'With --repo: the moment to bring back: latest, the number of a transaction, which is included, or a time with its zone, as in 2026-11-30T02:00:00Z.',
  ),
  value(
    'to',
    'directory',
    '',
    'With --repo: make the database in this directory, instead of where the server looks for it.',
  ),
  ...identity('With --repo: file'),
  value(
    'source-database',
    'name',
    '',
    'With --repo: name of the database in the repository, if it differs from --database.',
  ),
  credentialsCommand,
];

/** A command of `graphkeep`. Flags are `--name`, `--no-name` or `--name=true|false`. */
export interface NativeCommandRow {
  name: string;
  summary: string;
  /** Line breaks are kept. */
  description: string;
  options: readonly OptionRow[];
  /** Unnamed arguments: `<mandatory>` or `[optional]`. */
  positionals: readonly { name: string; description: string }[];
  /** At least one. */
  examples: readonly Example[];
}

const directory = { name: '<directory>', description: 'A backup, or a database that no server uses.' };

export const nativeCommands: readonly NativeCommandRow[] = [
  {
    name: 'backup',
    summary: backup.summary,
    description: backup.description,
    options: [
      ...backupPlace,
      repo('Repository that the backup goes into, instead of --to.'),
      value('database', 'name', 'graph.db', 'With --repo: name of the database in the repository.'),
      flag(
        'full',
        false,
        'With --repo: make a full backup even if there is one. Restores of later moments begin with it and need less of the log; no moment is lost.',
      ),
      credentialsCommand,
      ...backup.options.slice(2),
      rateLimit,
      follow,
      json,
      quiet,
      verbose,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'Every night: full the first time, incremental after that',
        command: 'graphkeep backup --from=10.0.0.1:6362 --to=/backups/graph.db-backup',
      },
      {
        purpose: 'A running Community server on this machine, from its files',
        command: 'graphkeep backup --from=file:/var/lib/neo4j --to=/backups/graph.db-backup',
      },
      {
        purpose: 'The same, and then every transaction within a second, until interrupted',
        command: 'graphkeep backup --from=file:/var/lib/neo4j --to=/backups/graph.db-backup --follow',
      },
      {
        purpose: 'Into a repository: every backup adds moments that can be restored',
        command: 'graphkeep backup --from=10.0.0.1:6362 --repo=s3://backups/neo4j',
      },
      {
        purpose: 'Without the check, which another machine does later',
        command: 'graphkeep backup --from=10.0.0.1:6362 --to=/backups/graph.db-backup --no-check-consistency',
      },
    ],
  },
  {
    name: 'restore',
    summary: restore.summary,
    description: restore.description,
    options: [
      ...restore.options.map((row) => ({ ...row, mandatory: false })),
      ...repositoryRestore,
      flag(
        'check',
        false,
        'Check the consistency of the copy too, as the command check does, before it replaces anything.',
      ),
      json,
      quiet,
      verbose,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'Replace the database of a stopped server',
        command: 'graphkeep restore --from=/backups/graph.db-backup --database=graph.db --force',
      },
      {
        purpose: 'The database as it was at two in the night, from a repository, into a directory of its own',
        command:
          'graphkeep restore --repo=s3://backups/neo4j --identity=key.txt --until=2026-11-30T02:00:00Z --to=/tmp/old.db',
      },
    ],
  },
  {
    name: 'dump',
    summary: dump.summary,
    description: dump.description,
    options: [
      ...dump.options,
      value(
        'compression',
        'gzip|zstd',
        'gzip',
        'How the file is compressed. Every 3.4 and 3.5 can load gzip; zstd is what 3.5.34 writes, smaller and faster.',
      ),
      json,
      quiet,
      verbose,
    ],
    positionals: [],
    examples: [
      { purpose: 'Write /archive/graph.db.dump', command: 'graphkeep dump --database=graph.db --to=/archive' },
    ],
  },
  {
    name: 'load',
    summary: load.summary,
    description: load.description,
    options: [...load.options, json, quiet, verbose],
    positionals: [],
    examples: [
      {
        purpose: 'Unpack a dump beside the other databases',
        command: 'graphkeep load --from=/archive/graph.db.dump --database=copy.db',
      },
    ],
  },
  {
    name: 'serve',
    summary: 'Serve a database or a backup to backup clients until interrupted.',
    description:
      'Any backup client, ours or the one of Neo4j, gets full and incremental backups from it as from a server with online backup, over the ' +
      'common or the catchup protocol. Use it to bring a backup to another site, or to back up a Community server over the network.\n' +
      '\n' +
      'With --live the server of the database may run, start and stop meanwhile. Its files are read while it writes them, and nothing in its ' +
      'directories is created, changed, locked or removed.\n' +
      '\n' +
      'When it is interrupted, backups under way may still finish, for as long as graphkeep.serve.stop_grace says.',
    options: [
      value(
        'database',
        'directory',
        '',
        'A database that no server uses, or a backup: the directory with the file neostore.',
      ),
      value(
        'live',
        'path',
        '',
        'Instead of --database: the database of a server of any edition that may be running. Its home, data directory or database; its neo4j.conf says the rest.',
      ),
      value(
        'listen',
        'host:port[-port]',
        '',
        'Where to listen; the first free port of a range is used. Default: dbms.backup.address.',
      ),
      additionalConfig,
      json,
      quiet,
      verbose,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'Serve a backup to the network',
        command: 'graphkeep serve --database=/backups/graph.db-backup --listen=0.0.0.0:6362',
      },
      {
        purpose: 'Give a running Community server online backup',
        command: 'graphkeep serve --live=/var/lib/neo4j --listen=0.0.0.0:6362',
      },
    ],
  },
  {
    name: 'check',
    summary: checkConsistency.summary,
    description:
      'Reads all of a backup or database and reports what contradicts itself: records, chains, counts, indexes. Nothing is changed. ' +
      'HEAP_SIZE gives the check of a large database more memory.\n' +
      '\n' +
      'Exit codes: 0 sound, 3 damaged, 2 it could not be checked.',
    options: [
      value('report-dir', 'directory', '.', 'Where the report goes, if there is something to report.'),
      flag('graph', true, parts.graph),
      flag('indexes', true, parts.indexes),
      flag('label-scan-store', true, parts.labelScanStore),
      flag('property-owners', true, parts.propertyOwners),
      json,
      quiet,
      verbose,
    ],
    positionals: [directory],
    examples: [
      {
        purpose: 'Check the backup of last night',
        command: 'graphkeep check /backups/graph.db-backup --report-dir=/tmp',
      },
    ],
  },
  {
    name: 'inspect',
    summary: 'Show what a backup or database is: format, last transaction, state of its log, schema, counts.',
    description:
      'Tells what is in a directory, without changing it and without a server: release and format, last transaction, whether it was closed ' +
      'cleanly, its schema, how many nodes and relationships it has, and which files are missing.',
    options: [json, verbose],
    positionals: [directory],
    examples: [
      { purpose: 'How old is this backup?', command: 'graphkeep inspect /backups/graph.db-backup' },
      { purpose: 'The same for a script', command: 'graphkeep inspect /backups/graph.db-backup --json' },
    ],
  },
  {
    name: 'doctor',
    summary: 'Say whether backups will succeed, and what to do if not. Changes nothing.',
    description:
      'Looks at everything that a backup needs, before it is needed at night: the database and its log, how late an incremental backup may ' +
      'come, the rights of this user, the place of the backup and its room, the server and its protocol. Each line is OK, WARN (a backup ' +
      'succeeds, but not always, or as a full one), FAIL (the next backup fails) or UNKNOWN (it cannot be seen from here); WARN and FAIL say ' +
      'what to do.\n' +
      '\n' +
      'Give it the --from and --to of your backup. Without --to only the source is looked at, without --from only the place of the backup; ' +
      'without both, the server that backup would ask. It takes no lock, writes nothing and begins no copy, so it may run at any time, also ' +
      'during a backup.\n' +
      '\n' +
      'Exit code 0: nothing is FAIL. 1: something is.',
    options: [
      ...source.map((row) => ({ ...row, default: row.name === 'from' ? '' : row.default })),
      ...backupPlace,
      value('timeout', 'timeout', '30s', 'Longest wait for each answer of the server, as in 90s or 2m (ms, s, m, h).'),
      rateLimit,
      additionalConfig,
      json,
      quiet,
      verbose,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'Will the backups of a Community server on this machine succeed?',
        command: 'graphkeep doctor --from=file:/var/lib/neo4j --to=/backups/graph.db-backup',
      },
      {
        purpose: "Does the server answer, and can last night's backup be continued?",
        command: 'graphkeep doctor --from=10.0.0.1:6362 --to=/backups/graph.db-backup',
      },
    ],
  },
  {
    name: 'repo',
    summary: 'Make a repository: a place for backups of any age, compressed and encrypted.',
    description:
      'Makes a repository in a folder or an S3 bucket: repo init. Backups go there with backup --repo, and come back with restore --repo.\n' +
      '\n' +
      'Every object in it is encrypted with age for the recipients that you name. Machines that make backups need no secret. To restore, you ' +
      'need the identity of one recipient. Make it with age-keygen, and keep a copy outside of these machines: lost keys are lost backups.',
    options: [
      { ...repo('Where to make it. A folder is created if it is missing.'), mandatory: true },
      value('recipients', 'recipient,recipient', '', 'Public keys, as age-keygen prints them, separated by commas.'),
      flag('encryption', true, 'Encrypt the objects. Without that, whoever can read the place can read your data.'),
      credentialsCommand,
      json,
      quiet,
      verbose,
    ],
    positionals: [{ name: '<action>', description: 'init' }],
    examples: [
      {
        purpose: 'An encrypted repository in a bucket',
        command: 'graphkeep repo init --repo=s3://backups/neo4j --recipients=age1...',
      },
      {
        purpose: 'One in a folder that only you can read',
        command: 'graphkeep repo init --repo=/backups/repository --no-encryption',
      },
    ],
  },
  {
    name: 'info',
    summary: 'Show what a repository holds, and which moments can be restored.',
    description:
      'Tells of each database in a repository: its newest transaction and how old that is, the ranges that can be restored, its full backups ' +
      'and their sizes. It reads names and manifests only, and needs no key.',
    options: [theRepository, value('database', 'name', '', 'Only this database.'), credentialsCommand, json, verbose],
    positionals: [],
    examples: [{ purpose: 'Am I safe?', command: 'graphkeep info --repo=s3://backups/neo4j' }],
  },
  {
    name: 'verify',
    summary: 'Look whether everything in a repository is there; with --read, also whether it is what was written.',
    description:
      'Looks whether the full backups in a repository have all their objects, in their sizes, and whether the log after them has no gaps. That ' +
      'reads names and manifests only, and needs no key. With --read every object is fetched, decrypted and decoded, and every transaction ' +
      'compared with the names. Nothing is restored: for a proof of that, use restore --check.\n' +
      '\n' +
      'Exit code 0: all is there. 14: something is missing or damaged.',
    options: [
      theRepository,
      value('database', 'name', '', 'Only this database.'),
      flag('read', false, 'Read every object too. An encrypted repository needs --identity then.'),
      ...identity('With --read: file'),
      credentialsCommand,
      json,
      quiet,
      verbose,
    ],
    positionals: [],
    examples: [
      { purpose: 'Every day, from any machine', command: 'graphkeep verify --repo=s3://backups/neo4j' },
      {
        purpose: 'Now and then, where the key is',
        command: 'graphkeep verify --repo=s3://backups/neo4j --read --identity=key.txt',
      },
    ],
  },
  {
    name: 'prune',
    summary: 'Remove old backups from a repository, by rules. Says what it would do; does it with --confirm.',
    description:
      'Keeps every full backup that one of the rules asks for, and never fewer than two; ages count from the newest one, so backups that have ' +
      'stopped are not removed. The log between full backups stays as far as --point-in-time asks for; without that, only what follows the ' +
      'newest full backup. A full backup needs nothing but itself, so older ones stay restorable without the log.\n' +
      '\n' +
      'What an interrupted full backup left behind is removed after seven days.',
    options: [
      theRepository,
      value('database', 'name', 'graph.db', 'Name of the database in the repository.'),
      value('keep-last', 'count', '', 'Keep the newest so many full backups.'),
      value('keep-within', 'span', '', 'Keep all that are no older than this, as in 36h, 14d or 8w.'),
      value('keep-daily', 'count', '', 'Keep the newest one of each of the last so many days that have one.'),
      value('keep-weekly', 'count', '', 'The same for weeks, which begin on Monday.'),
      value('keep-monthly', 'count', '', 'The same for months.'),
      value('keep-yearly', 'count', '', 'The same for years.'),
      value(
        'point-in-time',
        'span',
        '',
        'Keep what it takes to restore any moment of so long before the newest full backup.',
      ),
      flag('confirm', false, 'Remove it.'),
      credentialsCommand,
      json,
      quiet,
      verbose,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'Two weeks of moments, and a full backup of each of the last twelve months',
        command: 'graphkeep prune --repo=s3://backups/neo4j --point-in-time=14d --keep-monthly=12 --confirm',
      },
    ],
  },
  {
    name: 'recover',
    summary: 'Recover a database or backup that was not closed cleanly, in place and without a server.',
    description:
      'Applies what stands in the transaction log but not yet in the store, as a server does at its start. Afterwards other commands take ' +
      'the directory. It works in place, so copy the directory first if you have no other copy.\n' +
      '\n' +
      'Exit code 2: something is left to the server, which completes it at its next start.',
    options: [json, quiet, verbose],
    positionals: [directory],
    examples: [
      {
        purpose: 'After a power failure, before a dump',
        command: 'graphkeep recover /var/lib/neo4j/data/databases/graph.db',
      },
    ],
  },
  {
    name: 'demo',
    summary: 'Show everything at once: back up a live database over the network, restore it, compare value by value.',
    description:
      'Starts a small database of its own, writes to it all the time, backs it up, restores it, and compares every value with what was ' +
      'written. It needs no server and touches nothing of yours.',
    options: [flag('keep', false, 'Leave the directories when it ends, and print where they are.'), json, verbose],
    positionals: [],
    examples: [{ purpose: 'Look around afterwards', command: 'graphkeep demo --keep' }],
  },
  {
    name: 'completion',
    summary: 'Print the completion script of a shell.',
    description:
      'Prints a script that lets the Tab key complete commands and options. Load it where your shell is set up.',
    options: [],
    positionals: [{ name: '<shell>', description: 'bash, zsh or fish.' }],
    examples: [
      { purpose: 'Bash, in ~/.bashrc', command: 'source <(graphkeep completion bash)' },
      { purpose: 'Fish, in config.fish', command: 'graphkeep completion fish | source' },
    ],
  },
];
