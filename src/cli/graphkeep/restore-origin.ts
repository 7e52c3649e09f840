import { GraphkeepError } from '../../base/errors.ts';
import type { Invocation } from './program.ts';

const OF_REPOSITORY = [
  'until',
  'plan',
  'identity',
  'identity-command',
  'passphrase-file',
  'passphrase-command',
  'to',
  'source-database',
  'credentials-command',
];

/**
 * Whether a restore reads a repository, or else a backup in a directory.
 * @throws GraphkeepError `usage` for options that belong to the other one
 */
export function isFromRepository({ values }: Invocation): boolean {
  const isRepository = values.isGiven('repo');
  if (isRepository && values.isGiven('from')) {
    throw new GraphkeepError('usage', 'give either --from, a backup in a directory, or --repo, a repository');
  }
  const foreign = OF_REPOSITORY.find((name) => values.isGiven(name));
  if (!isRepository && foreign !== undefined)
    throw new GraphkeepError('usage', `--${foreign} is for a restore from a repository: give --repo too`);
  if (!isRepository && !values.isGiven('from'))
    throw new GraphkeepError('usage', 'what is to be restored? Give --from, or --repo');
  return isRepository;
}
