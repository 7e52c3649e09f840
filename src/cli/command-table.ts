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
  /** The option may be given several times. Only of the native front. */
  isRepeatable?: true;
  /** As shown in the usage; empty = none. */
  default: string;
  description: string;
  /**
   * Effect of the option without any value: `default` = as if not given; otherwise the error text (`Missing argument '<name>'` if absent).
   */
  whenBare?: 'default' | string;
  /**
   * Only of the native front: where it may be set besides the command line. `nowhere`, only in a `variable` of the environment, or, if
   * absent, in a variable and in the configuration file.
   */
  elsewhere?: 'nowhere' | 'variable';
  /** Other commands mean something else by this name: the variable has the name of the command too. */
  ownVariable?: true;
  /** Options of the same command that cannot stand beside it: one that is set further away gives way. */
  excludes?: readonly string[];
  /** An option without which this one means nothing: if that is not set, a value from elsewhere than the command line is not used. */
  only?: string;
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

/** Must be typed each time. */
const typed = (row: OptionRow): OptionRow => ({ ...row, elsewhere: 'nowhere' });
/** A matter of the environment or of a section of its own in the configuration file. */
const inVariable = (row: OptionRow): OptionRow => ({ ...row, elsewhere: 'variable' });
const own = (row: OptionRow): OptionRow => ({ ...row, ownVariable: true });
/** In each other's way. */
const besides = (row: OptionRow, ...excludes: readonly string[]): OptionRow => ({ ...row, excludes });
const only = (option: string, row: OptionRow): OptionRow => ({ ...row, only: option });

const database = inVariable(value('database', 'name', 'graph.db', 'The database, by the name of its directory.'));
const force = typed(
  flag(
    'force',
    false,
    'Replace the database if it exists. Without this an existing one is left alone, and the command fails.',
  ),
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
    own(inVariable(mandatory('from', 'backup-directory', 'The backup: the directory with the file neostore.'))),
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
    own(
      mandatory(
        'to',
        'destination-path',
        'File to write. If it is a directory, the file in it is named after the database: graph.db.dump.',
      ),
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
  options: [own(inVariable(mandatory('from', 'archive-path', 'The file that dump has written.'))), database, force],
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

/** Variables that only `graphkeep` reads, besides those of its options. */
export const nativeVariables: readonly { name: string; description: string }[] = [
  {
    name: 'GRAPHKEEP_*',
    description: 'Of graphkeep: one for each option, as GRAPHKEEP_REPO for --repo. What is typed counts more.',
  },
];

/** Options that only `graphkeep` has. */
const config = inVariable(
  value(
    'config',
    'file',
    '',
    'Configuration file, or none. Not set: graphkeep/graphkeep.yaml in ~/.config, else in /etc, if it is there.',
  ),
);
const json = inVariable(flag('json', false, 'Print one JSON object per line instead of text.'));
const verbose = besides(
  inVariable(flag('verbose', false, 'Print details while working, and the stack of an error.')),
  'quiet',
);
const quiet = besides(inVariable(flag('quiet', false, 'Print nothing but warnings and errors.')), 'verbose');

/** Of nearly every command, behind those of its own. */
const general: readonly OptionRow[] = [config, json, quiet, verbose];

const repo = (purpose: string): OptionRow =>
  inVariable(
    value(
      'repo',
      'place',
      '',
      `${purpose} A name from the configuration file, a folder, or s3://bucket/prefix?endpoint=https://...&region=...`,
    ),
  );

const onlyDatabase = inVariable(value('database', 'name', '', 'Only this database.'));

/** Of the commands that need nothing else. */
const theRepository: OptionRow = { ...repo('The repository.'), mandatory: true };

/** One that has to do with repositories only. */
const ofRepository = (row: OptionRow): OptionRow => inVariable(only('repo', row));

const credentialsCommand = ofRepository(
  value(
    'credentials-command',
    'program',
    '',
    'With s3://: program, with its arguments, that prints credentials as credential_process of the AWS tools does. Not set: those of the environment, profile or machine.',
  ),
);

/** What opens the objects of a repository. `first`: how the description begins. */
const identity = (first: string): readonly OptionRow[] =>
  [
    besides(
      value('identity', 'file', '', `${first} of age-keygen with the identity that opens the backups.`),
      'identity-command',
    ),
    besides(
      value('identity-command', 'program', '', 'Instead of --identity: program, with its arguments, that prints it.'),
      'identity',
    ),
    besides(
      value(
        'passphrase-file',
        'file',
        '',
        'With --identity: file with the passphrase, if the identity file is encrypted by age -p.',
      ),
      'passphrase-command',
    ),
    besides(
      value(
        'passphrase-command',
        'program',
        '',
        'Instead of --passphrase-file: program, with its arguments, that prints the passphrase.',
      ),
      'passphrase-file',
    ),
  ].map(ofRepository);

/** Where a drill works. */
const scratch = (first: string): OptionRow =>
  value(
    'scratch',
    'directory',
    '',
    `${first} directory with room for the database while the drill lasts. Not set: that of the system for temporary files.`,
  );

/** What recovers and checks a database of 4.2 or later in a drill. `first`: how the description begins. */
const drillServer = (first: string): readonly OptionRow[] => [
  value(
    'server-home',
    'directory',
    '',
    `${first} of 4.2 or later: home of a server of its release, or a later one, that recovers and checks the restored copy. Nothing in it is written.`,
  ),
  only(
    'server-home',
    value('start-timeout', '1h', '1h', 'With --server-home: how long that server may take to start and recover.'),
  ),
];

/** Which state of a database is brought back. `purpose`: how the description begins. */
const until = (purpose: string): OptionRow =>
  typed(
    value(
      'until',
      'moment',
      'latest',
      `${purpose}: latest, the number of a transaction, which is included, or a time with its zone, as in 2026-11-30T02:00:00Z.`,
    ),
  );

const repositoryDatabase = inVariable(value('database', 'name', 'graph.db', 'Name of the database in the repository.'));
const theBase = typed(mandatory('base', 'id', 'The full backup, by its name as info shows it.'));

const rateLimit = value(
  'rate-limit',
  '50m',
  '',
  'With --from=file:PATH: bytes per second that are read of the store files at most, so that the server keeps its disk. Not set: no limit.',
);

const lowPriority = flag(
  'low-priority',
  true,
  'With --from=file:PATH: leave the processor to the server while both want it; on a busy machine the backup takes longer then. Not with --follow, which is as fast as it can be.',
);

const readShare: OptionRow = {
  ...value(
    'read',
    'share',
    '',
    'Read objects too: --read alone all of them, --read=10% a tenth, another one each day, so that ten days in a row read all. An encrypted repository needs --identity then.',
  ),
  isBare: true,
};

const follow: OptionRow = {
  ...value(
    'follow',
    'interval',
    '',
    'Go on until interrupted: bring the backup up to date again and again, so that it is never further behind than the interval, as in 500ms, 10s or 1m. --follow alone: 1s from files, 10s from a server, 60s into a repository.',
  ),
  isBare: true,
};

/** Where backups of `backup` come from, and what is asked of the server. */
const source: readonly OptionRow[] = backup.options.slice(2, 4);

/** The native front accepts the place of a backup as one directory, or in two parts like the Java tool. */
const backupPlace: readonly OptionRow[] = [
  besides(
    value(
      'to',
      'directory',
      '',
      'Directory of this backup; stands for --backup-dir and --name. Use the same one again for an incremental backup.',
    ),
    'backup-dir',
    'name',
    'repo',
  ),
  ...backup.options.slice(0, 2).map((row) => inVariable(besides({ ...row, mandatory: false }, 'to', 'repo'))),
];

/** What is kept in a repository. */
export const retention: readonly OptionRow[] = [
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
].map(inVariable);

/** A command line that works, and its purpose. */
export interface Example {
  purpose: string;
  command: string;
}

/** What `graphkeep` adds to the restore of the Java tool: repositories. */
const repositoryRestore: readonly OptionRow[] = [
  besides(repo('The repository to restore from, instead of --from.'), 'from'),
  until('With --repo: the moment to bring back'),
  typed(
    flag(
      'plan',
      false,
      'With --repo: only tell what the restore would do, and whether anything is known that would make it fail.',
    ),
  ),
  own(
    ofRepository(
      value(
        'to',
        'directory',
        '',
        'With --repo: make the database in this directory, instead of where the server looks for it.',
      ),
    ),
  ),
  ...identity('With --repo: file'),
  ofRepository(
    value(
      'source-database',
      'name',
      '',
      'With --repo: name of the database in the repository, if it differs from --database.',
    ),
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
      {
        ...besides(
          repo(
            'Repository that the backup goes into, instead of --to; give it again for another one that receives the same.',
          ),
          'to',
          'backup-dir',
          'name',
        ),
        isRepeatable: true,
      },
      ofRepository(
        value(
          'database',
          'name',
          'graph.db',
          'A database of the configuration file, which says the rest; else with --repo: name of the database in the repository.',
        ),
      ),
      ofRepository(
        flag(
          'full',
          false,
          'With --repo: make a full backup even if there is one. Restores of later moments begin with it and need less of the log; no moment is lost.',
        ),
      ),
      ofRepository(
        flag(
          'drill',
          false,
          'With --repo: prove right after the backup that it can be restored, as the command drill does. An encrypted repository needs --identity then.',
        ),
      ),
      only('drill', scratch('With --drill:')),
      ...drillServer('With --drill, for a database').map((row) => (row.only === undefined ? only('drill', row) : row)),
      ...identity('With --drill: file').map((row) => only('drill', row)),
      credentialsCommand,
      ...backup.options.slice(2),
      rateLimit,
      lowPriority,
      follow,
      ...general,
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
        purpose: 'The same by a name in graphkeep.yaml, which says from where and to where',
        command: 'graphkeep backup --database=orders',
      },
      {
        purpose: 'Into two repositories at once, and on until interrupted',
        command: 'graphkeep backup --from=file:/var/lib/neo4j --repo=/backups/neo4j --repo=s3://backups/neo4j --follow',
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
      ...restore.options.map((row) => ({
        ...row,
        mandatory: false,
        ...(row.name === 'from' ? { excludes: ['repo'] } : {}),
      })),
      ...repositoryRestore,
      flag(
        'check',
        false,
        'Check the consistency of the copy too, as the command check does, before it replaces anything.',
      ),
      ...general,
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
      {
        purpose: 'What would that do, and would it work? Nothing is changed',
        command: 'graphkeep restore --repo=s3://backups/neo4j --identity=key.txt --database=graph.db --force --plan',
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
      ...general,
    ],
    positionals: [],
    examples: [
      { purpose: 'Write /archive/graph.db.dump', command: 'graphkeep dump --database=graph.db --to=/archive' },
    ],
  },
  {
    name: 'export',
    summary: 'Pack a moment of a database of 4.2 or later into a dump for neo4j-admin database load.',
    description:
      'Restores a moment from a repository into a scratch directory and packs it as neo4j-admin dump does, so that the stock load of Neo4j ' +
      'takes it (4.x: neo4j-admin load), of any edition. The server recovers the database when it starts. A file that exists is never ' +
      'overwritten.\n' +
      '\n' +
      'For databases of 3.4 and 3.5 use restore --to, then dump.',
    options: [
      theRepository,
      inVariable(value('database', 'name', 'neo4j', 'Name of the database in the repository.')),
      until('The moment to pack'),
      own(typed(mandatory('to', 'path', 'File to write, or a directory, which then gets <database>.dump.'))),
      value('compression', 'gzip|zstd', 'gzip', 'gzip is understood by every release.'),
      scratch('A'),
      ...identity('File'),
      credentialsCommand,
      ...general,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'The database as it was at two in the night, for another server',
        command:
          'graphkeep export --repo=s3://backups/neo4j --identity=key.txt --until=2026-11-30T02:00:00Z --to=/tmp/neo4j.dump',
      },
    ],
  },
  {
    name: 'load',
    summary: load.summary,
    description: load.description,
    options: [...load.options, ...general],
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
      besides(
        own(
          value(
            'database',
            'directory',
            '',
            'A database that no server uses, or a backup: the directory with the file neostore.',
          ),
        ),
        'live',
      ),
      besides(
        value(
          'live',
          'path',
          '',
          'Instead of --database: the database of a server of any edition that may be running. Its home, data directory or database; its neo4j.conf says the rest.',
        ),
        'database',
      ),
      value(
        'listen',
        'host:port[-port]',
        '',
        'Where to listen; the first free port of a range is used. Default: dbms.backup.address.',
      ),
      additionalConfig,
      ...general,
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
      ...general,
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
      'cleanly, its schema, how many nodes and relationships it has, and which files are missing.\n' +
      '\n' +
      'Of a database of 4.2 to 2026.08, which its server may be using: format, who wrote it, last check point, which transactions its log ' +
      'holds.',
    options: [config, json, verbose],
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
      'Give it the --from and the --to or --repo of your backup, or its --database in the configuration file. Without --to and --repo only ' +
      'the source is looked at, without --from only the place of the backup; without all of them, the server that backup would ask. It takes ' +
      'no lock, writes nothing and begins no copy, so it may run at any time, also during a backup. Only in a bucket it writes two small ' +
      'objects and removes them again: rights there can only be tried.\n' +
      '\n' +
      'Exit code 0: nothing is FAIL. 1: something is.',
    options: [
      own(
        inVariable(
          value(
            'database',
            'name',
            '',
            'A database of the configuration file, which says the rest; else the one of a server of 4.2 or later, or with --repo the name in the repository.',
          ),
        ),
      ),
      ...source.map((row) => ({ ...row, default: row.name === 'from' ? '' : row.default })),
      ...backupPlace,
      {
        ...besides(
          repo('Repository that the backups go into, instead of --to; give it again for another one.'),
          'to',
          'backup-dir',
          'name',
        ),
        isRepeatable: true,
      },
      credentialsCommand,
      value('timeout', 'timeout', '30s', 'Longest wait for each answer of the server, as in 90s or 2m (ms, s, m, h).'),
      rateLimit,
      additionalConfig,
      ...general,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'Will the backups of a Community server on this machine succeed?',
        command: 'graphkeep doctor --from=file:/var/lib/neo4j --to=/backups/graph.db-backup',
      },
      {
        purpose: 'The same for a server of 4.2 or later, whose backups go into a repository',
        command: 'graphkeep doctor --from=file:/var/lib/neo4j --repo=s3://backups/neo4j',
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
      besides(
        inVariable(
          value(
            'recipients',
            'recipient,recipient',
            '',
            'Public keys, as age-keygen prints them, separated by commas.',
          ),
        ),
        'encryption',
      ),
      besides(
        inVariable(
          flag('encryption', true, 'Encrypt the objects. Without that, whoever can read the place can read your data.'),
        ),
        'recipients',
      ),
      credentialsCommand,
      ...general,
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
      'and their sizes, which of them are held, and how long ago a drill, verify and key check have succeeded. It warns if the last drill has ' +
      'failed, or none has proved a restore, or the key, for 30 days. It reads names, manifests and marks only, and needs no key.',
    options: [theRepository, onlyDatabase, credentialsCommand, config, json, verbose],
    positionals: [],
    examples: [{ purpose: 'Am I safe?', command: 'graphkeep info --repo=s3://backups/neo4j' }],
  },
  {
    name: 'list',
    summary:
      'List everything in a repository: each full backup, the log after it, gaps, forks, what was never finished.',
    description:
      'Lists of each database in a repository every history, with its full backups: when, as of which transaction, up to which one the log ' +
      'leads from it, files and sizes; then how much log there is, and what is wrong with it. It reads names and manifests only, and needs ' +
      'no key. For one glance, use info.',
    options: [theRepository, onlyDatabase, credentialsCommand, config, json, verbose],
    positionals: [],
    examples: [
      {
        purpose: 'What is there of this database?',
        command: 'graphkeep list --repo=s3://backups/neo4j --database=graph.db',
      },
    ],
  },
  {
    name: 'verify',
    summary: 'Look whether everything in a repository is there; with --read, also whether it is what was written.',
    description:
      'Looks whether the full backups in a repository have all their objects, in their sizes, and whether the log after them has no gaps. That ' +
      'reads names and manifests only, and needs no key. With --read every object is fetched, decrypted and decoded, and every transaction ' +
      'compared with the names. Nothing is restored: for a proof of that, use drill. What was found is recorded for info.\n' +
      '\n' +
      'Exit code 0: all is there. 14: something is missing or damaged.',
    options: [theRepository, onlyDatabase, readShare, ...identity('With --read: file'), credentialsCommand, ...general],
    positionals: [],
    examples: [
      { purpose: 'Every day, from any machine', command: 'graphkeep verify --repo=s3://backups/neo4j' },
      {
        purpose: 'Now and then, where the key is',
        command: 'graphkeep verify --repo=s3://backups/neo4j --read --identity=key.txt',
      },
      {
        purpose: 'A tenth of a large repository every night',
        command: 'graphkeep verify --repo=s3://backups/neo4j --read=10% --identity=key.txt',
      },
    ],
  },
  {
    name: 'copy',
    summary: 'Copy what is new in one repository into another: another site, another bucket, other recipients.',
    description:
      'Copies every full backup and all of the log that the other repository does not have yet, of one database or of all. Make the other ' +
      'repository first, with repo init. If it has the same recipients, objects stay as they are, and no key is needed. If it has others, or ' +
      'none, every object is opened with --identity and sealed for them.\n' +
      '\n' +
      'Every object is verified on its way. A full backup with a damaged one is not completed there; the rest is copied. A copy that was ' +
      'interrupted goes on where it was.\n' +
      '\n' +
      'Exit code 0: all is copied. 14: something is missing or damaged, and was not.',
    options: [
      theRepository,
      { ...repo('The repository to copy into.'), name: 'to-repo', mandatory: true },
      onlyDatabase,
      ...identity('If the other repository has other recipients: file'),
      credentialsCommand,
      config,
      only('to-repo', {
        ...credentialsCommand,
        name: 'to-credentials-command',
        description: 'The same for --to-repo.',
      }),
      json,
      quiet,
      verbose,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'Every night to another site',
        command: 'graphkeep copy --repo=/backups/repository --to-repo=s3://far-away/neo4j',
      },
      {
        purpose: 'For a new key in the place of an old one',
        command: 'graphkeep copy --repo=s3://backups/neo4j --to-repo=s3://backups/neo4j-2 --identity=old-key.txt',
      },
    ],
  },
  {
    name: 'drill',
    summary: 'Prove that a repository can be restored: restore a moment, check it, throw it away, record the result.',
    description:
      'Restores a moment into a scratch directory, checks all of it as the command check does, counts nodes and relationships, takes the times, ' +
      'and removes it. The result is recorded in the repository, where info shows it; where that may not be written, it is only told. Nothing ' +
      'else is changed.\n' +
      '\n' +
      'A database of 3.4 or 3.5 needs no server. One of 4.2 or later is recovered, counted and checked by the program of a server: --server-home ' +
      'names its home, JAVA_HOME or PATH a Java for it. It runs on the restored copy only, and listens on 127.0.0.1 only, without authentication.\n' +
      '\n' +
      'Exit code 0: sound. 3: restored, but inconsistent, or its server cannot open it. 12: the key is missing or wrong. 14: something in the repository is missing or damaged.',
    options: [
      theRepository,
      repositoryDatabase,
      until('The moment to restore'),
      scratch('A'),
      ...drillServer('For a database'),
      ...identity('File'),
      credentialsCommand,
      ...general,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'Every week, where the key is',
        command: 'graphkeep drill --repo=s3://backups/neo4j --identity=key.txt --scratch=/mnt/scratch',
      },
      {
        purpose: 'Of a server of 5.26',
        command:
          'graphkeep drill --repo=s3://backups/neo4j --identity=key.txt --database=neo4j --server-home=/usr/share/neo4j',
      },
    ],
  },
  {
    name: 'key',
    summary: 'Say whether an identity opens the backups in a repository: key check.',
    description:
      'Opens an object of the newest full backup of each database with the identity: key check. That is recorded in the repository, where info ' +
      'shows how long ago a key was proved. Run it now and then, also with the identity that lies in a safe: lost keys are lost backups.\n' +
      '\n' +
      'Exit code 0: it opens all of them. 12: it does not.',
    options: [theRepository, onlyDatabase, ...identity('File'), credentialsCommand, ...general],
    positionals: [{ name: '<action>', description: 'check' }],
    examples: [
      {
        purpose: 'Is this the right key?',
        command: 'graphkeep key check --repo=s3://backups/neo4j --identity=key.txt',
      },
    ],
  },
  {
    name: 'hold',
    summary: 'Keep a full backup in a repository whatever the rules of prune say.',
    description:
      'Holds a full backup: prune never removes it until it is released. Its own transaction can then be restored for ever; the log after it ' +
      'goes by the rules. The reason is for people, and not encrypted.',
    options: [
      theRepository,
      repositoryDatabase,
      theBase,
      typed(value('reason', 'text', '', 'Why, for whoever finds it in info.')),
      credentialsCommand,
      ...general,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'Keep the last backup before a migration',
        command: 'graphkeep hold --repo=s3://backups/neo4j --base=20261129T020304Z-5f3a9c1e --reason=migration',
      },
    ],
  },
  {
    name: 'release',
    summary: 'Release a full backup that is held: the rules of prune count again.',
    description: 'Ends the hold of a full backup. Nothing is removed by that; the next prune goes by its rules.',
    options: [theRepository, repositoryDatabase, theBase, credentialsCommand, ...general],
    positionals: [],
    examples: [
      {
        purpose: 'It is not needed any more',
        command: 'graphkeep release --repo=s3://backups/neo4j --base=20261129T020304Z-5f3a9c1e',
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
      'Full backups that are held stay until they are released. What an interrupted full backup left behind is removed after seven days.',
    options: [
      theRepository,
      repositoryDatabase,
      ...retention,
      typed(flag('confirm', false, 'Remove it.')),
      credentialsCommand,
      ...general,
    ],
    positionals: [],
    examples: [
      {
        purpose: 'Two weeks of moments, and a full backup of each of the last twelve months',
        command: 'graphkeep prune --repo=s3://backups/neo4j --point-in-time=14d --keep-monthly=12 --confirm',
      },
      {
        purpose: 'By the rules that graphkeep.yaml has for the repository of this database',
        command: 'graphkeep prune --database=orders --confirm',
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
    options: [...general],
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

/** The environment variable of an option of a command of `graphkeep`; undefined if it must be typed. */
export function variableOf(command: string, { name, elsewhere, ownVariable }: OptionRow): string | undefined {
  if (elsewhere === 'nowhere') return undefined;
  const words = ownVariable === true ? [command, name] : [name];
  return ['GRAPHKEEP', ...words].join('_').replaceAll('-', '_').toUpperCase();
}

/** The key of an option in the configuration file, and to commander: `keepLast` of `keep-last`. */
export function keyOf(option: string): string {
  return option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Placeholders of what is a path on this machine. */
const PATHS = ['file', 'directory', 'path', 'backup-path', 'config-file-path', 'destination-path'];

/** True if the value of an option is a path. */
export function isPath({ example }: OptionRow): boolean {
  return PATHS.includes(example);
}
