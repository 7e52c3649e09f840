import { relative } from 'node:path';
import { campaign } from './campaign-size.ts';
import { Dice } from './dice.ts';
import { SEED } from './seed.ts';

/** The short form runs one of this many files. */
const ONE_OF = 6;

/**
 * Files outside of `test/guarantees` that took about two seconds of processor time or more each in the short form, most of all tests
 * together: suites that are run on several implementations, threads, and large stores.
 */
export const COSTLY_FILES = [
  'src/backup/target/directory/directory-target',
  'src/backup/target/repository/repository-target',
  'src/check/chains/screen/chain-screen',
  'src/check/damaged-stores',
  'src/check/indexes/index-content-check',
  'src/doctor/doctor',
  'src/embedded/check-points',
  'src/embedded/embedded-database',
  'src/embedded/genuine-stores',
  'src/embedded/random-load',
  'src/embedded/records/genuine-stores',
  'src/objects/s3/s3-store',
  'src/protocol/catchup/captures',
  'src/protocol/tls/channel',
  'src/protocol/tls/refusals',
  'src/repository/copying/database-copy',
  'src/repository/pruning/pruning',
  'src/repository/reading/hostile-base',
  'src/repository/seal/frames/frames',
  'src/repository/seal/pool/seal-pool',
  'src/repository/reading/log-assembly',
  'src/repository/seal/unseal/unseal',
  'src/repository/seal/unseal-pool/unseal-pool',
  'src/repository/verifying/verification',
  'src/repository/writing/base-files',
  'src/repository/writing/segment-log',
  'src/restore/archive-reading',
  'src/restore/archive-writing',
  'src/restore/drill/repository-drill',
  'src/restore/drill/served-drill',
  'src/restore/restorable-store',
  'src/serve/database/live-store',
  'src/serve/database/stopped-store',
  'src/serve/live-files/live-files-database',
  'src/serve/live-files/settled-tree',
  'src/source/backup-protocol/common-source',
  'src/source/catchup/catchup-source',
  'src/store/counts/recount',
  'src/store/index/index-update',
  'src/store/tree/update/free-list',
  'src/store/tree/update/tree-update',
  'test/cli/check-commands',
  'test/cli/demo',
  'test/cli/executables',
  'test/cli/repository-in-bucket',
  'test/cli/surroundings',
].map((name) => `${name}.test.ts`);

/**
 * Which of some costly files of tests to run: all in longer forms, and if a name in `args` is that of one of them or of a folder with
 * some; otherwise the sixth part that the seed draws, as all of them take minutes.
 */
export function drawnFiles(
  files: readonly string[],
  args: readonly string[] = process.argv.slice(2),
  form = campaign,
  seed = SEED,
): string[] {
  const names = args.map((arg) => relative('', arg).replace(/\.test\.ts$/, ''));
  const isAsked = (file: string) => names.some((name) => `/${file}`.replace('.test.ts', '/').includes(`/${name}/`));
  if (!form.drawsFiles || files.some(isAsked)) return [...files];
  const dice = new Dice(seed);
  const left = [...files].sort();
  const drawn: string[] = [];
  while (drawn.length * ONE_OF < files.length) drawn.push(left.splice(dice.below(left.length), 1)[0]!);
  return drawn;
}
