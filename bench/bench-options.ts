import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const projectRoot = fileURLToPath(new URL('../', import.meta.url));

/** `stock`: the JVM's own choices, as with the product's launcher. `small`: one compiler tier, serial collector, 512 MB. */
export type JvmMode = 'stock' | 'small';

/**
 * `backup`: our backups and those of the Java client. `check`: our consistency check and the real one. `live`: backups from the files of a
 * running server. `repository`: backups into a repository and back, and other tools. `modern`: backups of a running server of 5.26.
 */
export type Suite = 'backup' | 'cluster' | 'check' | 'live' | 'repository' | 'modern';

export interface BenchOptions {
  readonly suite: Suite;
  readonly nodes: number;
  readonly relationships: number;
  /** Transactions of the large incremental. */
  readonly transactions: number;
  readonly rounds: number;
  readonly jvm: JvmMode;
  /** Also use a store of twice the size, ours only. */
  readonly doubled: boolean;
  readonly build: boolean;
  /** Print the result as JSON instead of tables. */
  readonly json: boolean;
  /** Profile our jobs into this directory instead of comparing. */
  readonly profileDir: string | undefined;
  /** Stores are made once and kept here. */
  readonly cacheDir: string;
  /** Backups and the server's home; emptied at the end. */
  readonly scratchDir: string;
}

export const usage = `usage: npm run bench -- [backup | cluster | check | live | repository | modern] [options]

  --quick              small sizes and 2 rounds, to try it out
  --rounds=<n>         rounds of each comparison, ours and the other in turns (5)
  --nodes=<n>          of the store (2800000; about 1.2 GB with the indexes)
  --relationships=<n>  of the store (5600000)
  --transactions=<n>   of the large incremental (100000)
  --jvm=small|stock    how the Java client runs (small: serial collector, first compiler tier, 512 MB, which costs it least
                       processor time; stock: as the JVM chooses, which is what its launcher does)
  --no-doubled         without the store of twice the size
  --no-build           measure dist/ as it is
  --cpu-prof=<dir>     profile our jobs instead, one run of each
  --scratch=<dir>      for the backups; on the disk that is to be measured
  --json               print JSON instead of tables

cluster: full backups from a follower of a causal cluster. Only --quick, --rounds, --nodes, --relationships, --jvm, --no-build, --scratch
and --json apply.

check: a store of 5000000 nodes, 10000000 relationships, 22000000 properties, two indexes; 3 rounds. Only --quick, --rounds, --nodes,
--relationships, --no-build, --scratch and --json apply.

live: backups from the files of a running server, against cp -r; 3 rounds. Only --quick, --rounds, --nodes, --relationships,
--transactions, --no-build, --scratch and --json apply.

repository: backups into an encrypted repository in a folder and restores from it, against cp -r, tar with zstd and age, and restic, which
must be installed; 3 rounds. Only --quick, --rounds, --nodes, --relationships, --no-doubled, --no-build, --scratch and --json apply.

modern: backups of a running server of 5.26 into a repository, against cp -r; 4000000 nodes and relationships, about 3 GB, which take the
server some minutes to make the first time; 3 rounds. Only --quick, --rounds, --nodes, --relationships, --no-build, --scratch and --json
apply.`;

const full = { nodes: '2800000', relationships: '5600000', transactions: '100000', rounds: '5' };
const fullSizes: Partial<Record<Suite, typeof full>> = {
  check: { ...full, nodes: '5000000', relationships: '10000000', rounds: '3' },
  live: { ...full, rounds: '3' },
  repository: { ...full, rounds: '3' },
  modern: { ...full, nodes: '4000000', relationships: '4000000', rounds: '3' },
};
const quick = { nodes: '60000', relationships: '120000', transactions: '3000', rounds: '2' };

/** @throws Error on an unknown option or a value that is not a positive number */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowNegative: true,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      nodes: { type: 'string' },
      relationships: { type: 'string' },
      transactions: { type: 'string' },
      jvm: { type: 'string', default: 'small' },
      doubled: { type: 'boolean', default: true },
      build: { type: 'boolean', default: true },
      'cpu-prof': { type: 'string' },
      scratch: { type: 'string', default: path.join(os.tmpdir(), 'graphkeep-bench') },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const suite = positionals[0] ?? 'backup';
  if (!isSuite(suite)) throw new Error(`there is no suite ${suite}`);
  const sizes = { ...(values.quick ? quick : (fullSizes[suite] ?? full)) };
  for (const name of ['nodes', 'relationships', 'transactions', 'rounds'] as const)
    sizes[name] = values[name] ?? sizes[name];
  if (values.jvm !== 'stock' && values.jvm !== 'small') throw new Error(`--jvm is stock or small, not ${values.jvm}`);
  return {
    suite,
    nodes: readCount('nodes', sizes.nodes),
    relationships: readCount('relationships', sizes.relationships),
    transactions: readCount('transactions', sizes.transactions),
    rounds: readCount('rounds', sizes.rounds),
    jvm: values.jvm,
    doubled: values.doubled,
    build: values.build,
    json: values.json,
    profileDir: values['cpu-prof'] === undefined ? undefined : path.resolve(values['cpu-prof']),
    cacheDir: path.join(projectRoot, '.cache/bench'),
    scratchDir: path.resolve(values.scratch, `run-${process.pid}`),
  };
}

function isSuite(name: string): name is Suite {
  return ['backup', 'cluster', 'check', 'live', 'repository', 'modern'].includes(name);
}

function readCount(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} is a positive number, not ${text}`);
  return value;
}
