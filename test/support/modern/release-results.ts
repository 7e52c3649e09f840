import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a release was tried with, in this order: each needs the one before. */
export const releaseSteps = ['start', 'full', 'increments', 'moments', 'check', 'export'] as const;
export type ReleaseStep = (typeof releaseSteps)[number];

/** What came of one release. */
export interface ReleaseResult {
  readonly release: string;
  /** Format of its log files; null if it wrote none. */
  readonly log: number | null;
  /** What was right. */
  readonly right: readonly ReleaseStep[];
  /** How often the server, and so its backups, had another value than the one that was sent; absent if never. */
  readonly serverDiffers?: number;
  /** Where it ended, and why. */
  readonly failed?: { readonly step: ReleaseStep; readonly reason: string };
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export const modernPagePath = path('../../../docs/modern-servers.md');
const resultsPath = path('release-results.json');

/** What the campaign of releases has found, in the order of releases. */
export function readReleaseResults(): ReleaseResult[] {
  return JSON.parse(readFileSync(resultsPath, 'utf8')) as ReleaseResult[];
}

/** Puts a result in the place of an earlier one of the same release. */
export function keepReleaseResult(result: ReleaseResult): void {
  const others = readReleaseResults().filter(({ release }) => release !== result.release);
  const all = [...others, result].sort((one, other) => compareReleases(one.release, other.release));
  const lines = all.map((each) => `  ${JSON.stringify(each)}`);
  writeFileSync(`${resultsPath}.new`, `[\n${lines.join(',\n')}\n]\n`);
  renameSync(`${resultsPath}.new`, resultsPath);
}

export function compareReleases(one: string, other: string): number {
  const others = other.split('.').map(Number);
  const differences = one.split('.').map((part, i) => Number(part) - others[i]!);
  return differences.find((difference) => difference !== 0) ?? 0;
}
