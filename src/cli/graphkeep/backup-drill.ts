import type { RepositoryPlace } from '../../backup/backup-options.ts';
import { describeError, GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { openRepository } from '../../repository/opening/repository.ts';
import type { CommandContext } from '../command-context.ts';
import { readIdentities } from '../commands/repository-request.ts';
import type { OptionValues } from '../option-values.ts';
import { type DrillOutcome, runDrill } from './drill-run.ts';
import { readDrillServer } from './drill-server.ts';
import type { Reporter } from './reporter.ts';

/**
 * `graphkeep backup --drill`: what a drill needs is looked for before the backup begins. The drill itself is what is returned.
 * @throws GraphkeepError `usage` if the repository is encrypted and no identity was given, and those of reading it
 */
export async function prepareDrill(
  { open, database }: RepositoryPlace,
  values: OptionValues,
  context: CommandContext,
): Promise<(reporter: Reporter) => Promise<DrillOutcome>> {
  const repository = await openRepository(await open(context.signal), context.signal);
  const identities = await readIdentities(repository, values, context);
  if (identities === undefined)
    throw new GraphkeepError('usage', 'the repository is encrypted: --drill needs --identity, the key that opens it');
  const server = await readDrillServer(values, context);
  const request = { repository, database, moment: { kind: 'latest' as const }, identities, server };
  return async (reporter) => {
    try {
      return await runDrill(request, values, context, reporter);
    } catch (error) {
      const text = printableLine(`The backup was made; the drill after it failed: ${describeError(error)}`);
      reporter.note({ code: 'drill-after-backup-failed', text });
      throw error;
    }
  };
}

/** @returns undefined if there is none @throws GraphkeepError `usage` if there are several */
export function requireOnePlace(places: readonly RepositoryPlace[]): RepositoryPlace | undefined {
  if (places.length > 1)
    throw new GraphkeepError('usage', '--drill is for one repository: run graphkeep drill for each of several');
  return places[0];
}
