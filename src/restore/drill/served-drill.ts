import { join } from 'node:path';
import { makeDirectory } from '../../base/durable-files.ts';
import type { RestoreChoice } from '../../repository/reading/restore-choice.ts';
import { DEFAULT_DATABASE, SYSTEM_DATABASE } from '../../source/modern-files/modern-location.ts';
import { layOut } from '../modern/modern-layout.ts';
import type { RebuildOptions } from '../repository-restore.ts';
import type { DrilledDatabase } from './drilled-database.ts';
import { type OfficialVerdict, runOfficialCheck } from './server/official-check.ts';
import { ScratchServer } from './server/scratch-server.ts';
import type { ServerHome } from './server/server-home.ts';

/** So many findings are told; all are counted. */
const TOLD = 100;

/** What recovers a database of 4.2 or later, and how long that may take. */
export interface DrillServer {
  readonly installed: ServerHome;
  readonly startMs: number;
}

/** A database of 4.2 or later that its server has recovered and checked. */
export interface ServedDatabase extends DrilledDatabase {
  readonly server: {
    readonly version: string;
    /** From its start until it served the database; a part of `restoreMs`. */
    readonly startMs: number;
  };
  readonly check: Omit<OfficialVerdict, 'findings'>;
  readonly findings: OfficialVerdict['findings'];
}

/** The steps that are not told otherwise. */
export type ServerStep = 'starting' | 'checking';

/** Restores a moment of 4.2 or later below an empty directory, has a server recover and count it, and its own checker look at it. */
export async function drillServed(
  options: RebuildOptions & { readonly onStep?: (step: ServerStep) => void },
  choice: RestoreChoice,
  directory: string,
  { installed, startMs }: DrillServer,
): Promise<ServedDatabase> {
  const { signal, onStep } = options;
  const began = performance.now();
  const { release } = installed;
  const database = choice.manifest.database === SYSTEM_DATABASE ? SYSTEM_DATABASE : DEFAULT_DATABASE;
  const home = join(directory, 'server');
  const files = join(home, 'data', 'databases', database);
  const logs = join(home, 'data', 'transactions', database);
  await makeDirectory(files);
  await makeDirectory(logs);
  const reached = await layOut({ ...options, choice }, { files, logs });
  // The server may have been upgraded after the full backup.
  if (reached.kernelVersion !== undefined) release.requireOpens(reached.kernelVersion);
  onStep?.('starting');
  const started = performance.now();
  let served: number;
  let counts: Pick<DrilledDatabase, 'nodes' | 'relationships'> = { nodes: undefined, relationships: undefined };
  const server = await ScratchServer.start({ installed, home, database, startMs, signal });
  try {
    await server.waitForDatabase();
    served = performance.now();
    if (server.canCount) {
      const nodes = await server.count('MATCH (n) RETURN count(n)');
      counts = { nodes, relationships: await server.count('MATCH ()-[r]->() RETURN count(r)') };
    }
    await server.stop();
  } finally {
    await server.kill();
  }
  onStep?.('checking');
  const checking = performance.now();
  const { findings, ...check } = await runOfficialCheck(installed, { home, database, most: TOLD, signal });
  return {
    transaction: reached.transaction,
    commitTime: reached.commitTime,
    ...counts,
    restoreMs: Math.round(served - began),
    checkMs: Math.round(performance.now() - checking),
    server: { version: release.text, startMs: Math.round(served - started) },
    check,
    findings,
  };
}
