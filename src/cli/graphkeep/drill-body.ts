import { readDatabaseName } from '../commands/database-name.ts';
import { openNamedRepository, readMoment, requireIdentities } from '../commands/repository-request.ts';
import { runDrill } from './drill-run.ts';
import { readDrillServer } from './drill-server.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** `graphkeep drill`. @returns the exit code */
export async function drillBody({ values, context }: Invocation, reporter: Reporter): Promise<number> {
  const database = readDatabaseName(values);
  const moment = readMoment(values);
  const repository = await openNamedRepository(values, context);
  const identities = await requireIdentities(repository, values, context);
  const server = await readDrillServer(values, context);
  const { text, data, exitCode } = await runDrill(
    { repository, database, moment, identities, server },
    values,
    context,
    reporter,
  );
  reporter.report(text, { repository: repository.store.address, ...data });
  return exitCode;
}
