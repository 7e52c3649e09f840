import { rm } from 'node:fs/promises';
import path from 'node:path';
import { graphkeep } from '../graphkeep.ts';
import { makeScratch } from '../scratch.ts';
import { checkModern } from './admin.ts';
import { judgeModern } from './modern-graph.ts';
import { dropUnfinishedConstraint } from './modern-schema.ts';
import { ModernServer } from './server.ts';

/** A transaction of a loaded database, and what the database must hold as of it. */
export interface LoadedMoment {
  readonly transaction: number;
  /** The number of each writer that had been acknowledged before its backup. */
  readonly atLeast: readonly number[];
  /** What each writer had sent at its end. */
  readonly atMost: readonly number[];
}

/** One in a repository that can be judged. */
export interface ModernMoment extends LoadedMoment {
  /** The release that opens it. */
  readonly version: string;
  /** Of the load. */
  readonly seed: number;
}

export interface JudgeOptions {
  /** Also by the official checker. Default false. */
  readonly check?: boolean;
}

/**
 * Restores a moment into a home of its own, and has a real server open it.
 * @returns what is wrong with it; empty if nothing
 */
export async function judgeMoment(
  repo: string,
  { version, seed, transaction, atLeast, atMost }: ModernMoment,
  { check = false }: JudgeOptions = {},
): Promise<string[]> {
  const home = makeScratch(`restored-${transaction}`);
  const to = `--to=${path.join(home, 'data')}`;
  await graphkeep('restore', repo, '--database=neo4j', `--until=${transaction}`, to);
  const server = await ModernServer.start({ version, home });
  try {
    // What a harmed round writes beside the model; a backup may be from between its creation and its removal.
    await server.cypher('MATCH (n:Ballast) DELETE n');
    await dropUnfinishedConstraint(server);
    const wrong = await judgeModern(server, seed, atLeast, atMost);
    await server.stop();
    return check ? [...wrong, ...(await checkModern(version, home)).findings] : wrong;
  } finally {
    await server.kill();
    await rm(home, { recursive: true });
  }
}
