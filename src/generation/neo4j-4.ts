import type { RecoveredGeneration } from './generation.ts';
import { readFactsOf } from './modern-facts.ts';
import { MODERN_FILES } from './modern-files.ts';

/** Neo4j 4.2, 4.3 and 4.4. 4.0 and 4.1 keep their check points inside the log, which cannot be cut between them. */
export const NEO4J_4: RecoveredGeneration = {
  releases: '4.2 to 4.4',
  completedBy: 'server',
  files: MODERN_FILES,
  logFormats: [7],
  directories: {
    data: 'dbms.directories.data',
    transactionLogs: 'dbms.directories.transaction.logs.root',
    defaultDatabase: 'dbms.default_database',
  },
  readFacts: (directory) => readFactsOf(directory, 4),
};
