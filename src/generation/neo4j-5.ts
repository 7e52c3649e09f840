import type { RecoveredGeneration } from './generation.ts';
import { readFactsOf } from './modern-facts.ts';
import { MODERN_FILES } from './modern-files.ts';

/** Neo4j 5 and what followed it under the numbers of years: a newer one goes on with the files of an older one. */
export const NEO4J_5: RecoveredGeneration = {
  releases: '5.0 to 2026.08',
  completedBy: 'server',
  files: MODERN_FILES,
  logFormats: [8, 9, 10],
  directories: {
    data: 'server.directories.data',
    transactionLogs: 'server.directories.transaction.logs.root',
    defaultDatabase: 'initial.dbms.default_database',
  },
  readFacts: (directory) => readFactsOf(directory, 5),
};
