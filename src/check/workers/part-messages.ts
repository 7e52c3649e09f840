import type { CheckParts } from '../findings/check-context.ts';
import type { Finding } from '../findings/finding.ts';

/** The data with which a worker starts. */
export interface WorkerSetup {
  directory: string;
  parts: CheckParts;
  budgetBytes: number;
  gate: SharedArrayBuffer;
}

/** To a worker: run a part, by its index among all parts; or end. */
export type WorkerOrder = { run: number } | { run: 'nothing' };

/** From a worker, about the part it runs. */
export type WorkerMessage =
  | { kind: 'findings'; findings: Finding[] }
  | { kind: 'progress'; phase: string; bytes: number }
  | { kind: 'done' }
  | { kind: 'failed'; error: unknown };
